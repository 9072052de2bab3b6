// What was measured as a table, as JSON and as a page of Markdown.
#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "measure.hpp"

namespace bench {

/// Seconds as "4.57 ms"; three digits.
std::string time_text(double seconds);
/// One line about a row as soon as it is measured.
std::string progress_line(const Measured& m);
/// The table: a row, ours, the best of each peer, the ratio to the best of them, the share of the limit, the goals.
void print_table(std::ostream& out, const std::vector<Measured>& all);
void write_json(std::ostream& out, const std::vector<Measured>& all, const std::string& machine,
                const std::string& command);
void write_markdown(std::ostream& out, const std::vector<Measured>& all, const std::string& machine,
                    const std::string& command);

}  // namespace bench
