// Which Actinium this is, and which LLVM it was built with.
#pragma once
#include <actinium/export.h>

#include <string>
#include <string_view>

namespace actinium {

/// "major.minor.patch" of the library in use.
ACTINIUM_API std::string_view version();

/// The version of the LLVM inside the library, "22.1.8" for instance.
ACTINIUM_API std::string_view llvm_version();

/// The machine in a few lines: processor, instruction sets, threads.
ACTINIUM_API std::string host_description();

}  // namespace actinium
