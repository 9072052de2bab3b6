// Peers in Python: one process for each library, which takes its turns with the other contenders. The protocol is
// described in bench/peers/cases.py.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "row.hpp"

namespace bench {

class PythonPeers {
 public:
  /// Starts those of `libraries` that the environment has; says on stderr which it has not.
  PythonPeers(const std::filesystem::path& python, const std::filesystem::path& script,
              const std::vector<std::string>& libraries, const Settings& settings);
  ~PythonPeers();
  PythonPeers(const PythonPeers&) = delete;
  PythonPeers& operator=(const PythonPeers&) = delete;

  /// Adds a contender to the row for each way in which a library does it. They are valid until the next row.
  void add(const std::string& key, Row& row);

 private:
  struct Process;
  std::vector<std::shared_ptr<Process>> processes_;
  std::filesystem::path directory_;  ///< where arrays pass
  Settings settings_;
};

}  // namespace bench
