// The version of the library, as CMakeLists.txt states it.
#include <actinium/version.h>

namespace actinium {

std::string_view version() { return ACTINIUM_VERSION; }

}  // namespace actinium
