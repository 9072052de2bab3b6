# How everything is compiled: target actinium_flags carries the flags of our own code.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
# The library's speed comes from the code that it generates: -O2 is enough, and compiles faster than -O3.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -D_GLIBCXX_ASSERTIONS")

set(ACTINIUM_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined or thread")

add_library(actinium_flags INTERFACE)
# Contraction would make an answer depend on the compiler's choice of fused operations.
target_compile_options(actinium_flags INTERFACE -ffp-contract=off -Wall -Wextra -Werror=switch -Werror=return-type)
if(ACTINIUM_SANITIZE)
  add_compile_options(-fsanitize=${ACTINIUM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ACTINIUM_SANITIZE})
endif()
# Libraries that LLVM's package names but that we do not use stay out of our dependencies.
add_link_options(-Wl,--as-needed)

find_program(ACTINIUM_CCACHE ccache DOC "Compiler cache, used if found")
if(ACTINIUM_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ACTINIUM_CCACHE})
endif()
