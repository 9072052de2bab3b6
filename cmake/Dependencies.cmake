# What Actinium is built from: LLVM (target actinium_llvm, static and private), and libraries of the distribution.

# ---- LLVM 19 to 22 ---------------------------------------------------------------------------------------------------
# -DLLVM_DIR=.../lib/cmake/llvm decides; otherwise the newest one in the usual places.
set(ACTINIUM_LLVM_VERSIONS 22.1 21.1 20.1 19.1)
if(LLVM_DIR)
  find_package(LLVM REQUIRED CONFIG PATHS ${LLVM_DIR} NO_DEFAULT_PATH)
else()
  foreach(version IN LISTS ACTINIUM_LLVM_VERSIONS)
    string(REGEX MATCH "^[0-9]+" major ${version})
    find_package(LLVM ${version} QUIET CONFIG HINTS /usr/lib/llvm-${major}/lib/cmake/llvm /opt/homebrew/opt/llvm@${major})
    if(LLVM_FOUND)
      break()
    endif()
  endforeach()
endif()
if(NOT LLVM_FOUND)
  message(FATAL_ERROR "LLVM 19 to 22 not found. Install it (Debian: llvm-22-dev) or pass -DLLVM_DIR=<prefix>/lib/cmake/llvm")
endif()
if(LLVM_VERSION_MAJOR LESS 19 OR LLVM_VERSION_MAJOR GREATER 22)
  message(FATAL_ERROR "LLVM ${LLVM_PACKAGE_VERSION} in ${LLVM_DIR}: Actinium needs LLVM 19 to 22")
endif()
message(STATUS "LLVM ${LLVM_PACKAGE_VERSION} in ${LLVM_DIR}")

set(llvm_components core orcjit passes support object bitwriter irreader native)
foreach(target IN ITEMS X86 AArch64)
  if(target IN_LIST LLVM_TARGETS_TO_BUILD)
    list(APPEND llvm_components ${target})
  endif()
endforeach()
llvm_map_components_to_libnames(llvm_libraries ${llvm_components})
separate_arguments(llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
add_library(actinium_llvm INTERFACE)
target_include_directories(actinium_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
target_compile_definitions(actinium_llvm INTERFACE ${llvm_definitions})
target_link_libraries(actinium_llvm INTERFACE ${llvm_libraries})
if(NOT LLVM_ENABLE_RTTI)
  target_compile_options(actinium_llvm INTERFACE -fno-rtti)
endif()

# ---- the rest --------------------------------------------------------------------------------------------------------
set(CMAKE_THREAD_PREFER_PTHREAD ON)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG)  # headers only: Hana
find_package(TBB REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)

find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_library(XXHASH_LIBRARY xxhash REQUIRED)
add_library(xxhash INTERFACE)
target_include_directories(xxhash SYSTEM INTERFACE ${XXHASH_INCLUDE_DIR})
target_link_libraries(xxhash INTERFACE ${XXHASH_LIBRARY})

# Without PLplot, `actinium plot` writes csv alone.
find_path(PLPLOT_INCLUDE_DIR plplot/plplot.h)
find_library(PLPLOT_LIBRARY plplot)
# Arb, a library of its own or a part of FLINT 3: what errors are measured against.
find_path(ARB_INCLUDE_DIR NAMES arb_hypgeom.h PATH_SUFFIXES flint REQUIRED)
find_library(ARB_LIBRARY NAMES flint-arb arb)
find_library(FLINT_LIBRARY flint REQUIRED)
find_library(GMP_LIBRARY gmp REQUIRED)
add_library(arb INTERFACE)
target_include_directories(arb SYSTEM INTERFACE ${ARB_INCLUDE_DIR})
target_link_libraries(arb INTERFACE $<$<BOOL:${ARB_LIBRARY}>:${ARB_LIBRARY}> ${FLINT_LIBRARY} ${GMP_LIBRARY})

if(ACTINIUM_TESTS)
  find_package(GTest REQUIRED)
  find_path(MPFR_INCLUDE_DIR mpfr.h REQUIRED)
  find_library(MPFR_LIBRARY mpfr REQUIRED)
  find_library(GMP_LIBRARY gmp REQUIRED)
  add_library(mpfr INTERFACE)
  target_include_directories(mpfr SYSTEM INTERFACE ${MPFR_INCLUDE_DIR})
  target_link_libraries(mpfr INTERFACE ${MPFR_LIBRARY} ${GMP_LIBRARY})
endif()
find_package(Eigen3 QUIET NO_MODULE)     # only the example `eigen` needs it
find_package(benchmark QUIET)            # only bench/ needs it
