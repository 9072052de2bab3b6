// docs/activations.md is what the catalogue says, and shows a picture of every activation.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "actinium/activations.h"
#include "actinium/function.h"
#include "actinium/recognise.h"
#include "tool.hpp"

namespace actinium::contract {
namespace {

namespace fs = std::filesystem;
const fs::path docs = fs::path(ACTINIUM_SOURCE_DIR) / "docs";

TEST(Document, SaysWhatTheCatalogueSays) {
  std::ostringstream written;
  written << std::ifstream(docs / "activations.md").rdbuf();
  const Outcome o = run_tool({"activations", "--markdown"});
  ASSERT_EQ(o.status, 0) << o.err;
  EXPECT_TRUE(written.str() == o.out) << "docs/activations.md is out of date: ./dev docs writes it";
}

TEST(Document, ShowsEveryActivation) {
  const std::string text = run_tool({"activations", "--markdown"}).out;
  std::set<fs::path> pictures;
  for (const auto& entry : fs::directory_iterator(docs / "images/activations"))
    pictures.insert(entry.path().filename());
  for (const Activation& a : catalogue()) {
    const std::string file = a.name() + ".svg";
    EXPECT_NE(text.find("](images/activations/" + file + ")"), std::string::npos)
        << a.name() << ": no form can be drawn";
    EXPECT_EQ(pictures.erase(file), 1u) << a.name() << ": ./dev docs draws it";
  }
  EXPECT_TRUE(pictures.empty()) << *pictures.begin() << " shows no activation";
}

TEST(Document, NamesEveryRuleOfRecognise) {
  std::ostringstream written;
  written << std::ifstream(docs / "recognise.md").rdbuf();
  std::istringstream lines(written.str());
  std::vector<std::string> rows;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("| ") && line.find("`") != std::string::npos) rows.push_back(line);
  const auto rules = recognition_rules();
  ASSERT_EQ(rows.size(), rules.size()) << "docs/recognise.md is out of date: ./dev docs writes it";
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string head = "| " + rules[i].name + (rules[i].differentiated ? "" : " (*value*)") + " | `" + rules[i].from + "` | `" + rules[i].to + "` | ";
    EXPECT_TRUE(rows[i].starts_with(head)) << rows[i] << "\ndocs/recognise.md is out of date: ./dev docs writes it";
  }
}

/// Every kind of warning has its row in docs/debugging.md, and its example gives it.
TEST(Document, ShowsEveryKindOfWarning) {
  std::ifstream file(docs / "debugging.md");
  std::set<std::string> kinds;
  for (int k = 0; k <= static_cast<int>(Warning::Kind::dead_branch); ++k) kinds.emplace(name_of(static_cast<Warning::Kind>(k)));
  EXPECT_EQ(kinds.size(), 5u);
  for (std::string line; std::getline(file, line);) {
    const std::string kind = line.starts_with("| ") ? line.substr(2, line.find(" |", 2) - 2) : "";
    if (kinds.erase(kind) == 0) continue;
    const std::size_t cell = line.rfind("| `"), end = line.find('`', cell + 3);
    const Outcome o = run_tool({"show", line.substr(cell + 3, end - cell - 3), "--shape", "x=n", "--warnings"});
    EXPECT_NE(o.err.find("warning: " + kind), std::string::npos) << line << "\n" << o.err;
  }
  EXPECT_TRUE(kinds.empty()) << *kinds.begin() << " has no row in docs/debugging.md";
}

TEST(Document, LinksLeadSomewhere) {
  for (const char* name : {"activations.md", "choosing.md", "architecture.md", "language.md", "recognise.md", "debugging.md", "../README.md"}) {
    std::ostringstream text;
    text << std::ifstream(docs / name).rdbuf();
    const std::string all = text.str();
    ASSERT_FALSE(all.empty()) << name;
    for (std::size_t at = 0; (at = all.find("](", at)) != std::string::npos; ++at) {
      const std::string target = all.substr(at + 2, all.find_first_of(")#", at + 2) - at - 2);
      if (target.empty() || target.find("://") != std::string::npos) continue;
      EXPECT_TRUE(fs::exists((docs / name).parent_path() / target)) << name << " links to " << target;
    }
  }
}

}  // namespace
}  // namespace actinium::contract
