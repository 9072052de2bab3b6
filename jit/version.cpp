// The version of LLVM, known to jit/ alone.
#include <actinium/version.h>
#include <llvm/Config/llvm-config.h>

namespace actinium {

std::string_view llvm_version() { return LLVM_VERSION_STRING; }

}  // namespace actinium
