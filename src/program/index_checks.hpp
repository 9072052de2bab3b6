// Which integer inputs are used as indices. Start reading at index_checks.
#pragma once
#include <vector>

#include "program/program.hpp"

namespace actinium::program {

/// Integer inputs of the module that index something, to be checked at the call; in the steps of scans too, which all run.
std::vector<IndexCheck> index_checks(const Module& module);

}  // namespace actinium::program
