// Runs the tool as its users do and gives what it printed. Start reading at run_tool.
#pragma once
#include <string>
#include <vector>

namespace actinium::contract {

struct Outcome {
  int status = -1;  ///< exit status; 128 + signal for a crash
  std::string out, err;
};
Outcome run_tool(const std::vector<std::string>& arguments);

}  // namespace actinium::contract
