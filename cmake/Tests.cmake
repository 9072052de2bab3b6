# Tests by kind: one executable a directory of tests/, plus the checks of the built library and of the installed package.
include(GoogleTest)

# What several kinds share, compiled once.
file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.cpp)
add_library(test_support OBJECT ${support_sources})
target_include_directories(test_support PUBLIC tests)
target_compile_definitions(test_support PUBLIC ACTINIUM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_link_libraries(test_support PUBLIC actinium_core actinium_jit actinium_llvm mpfr
  GTest::gtest GTest::gmock GTest::gtest_main Threads::Threads)
if(Eigen3_FOUND)
  target_link_libraries(test_support PUBLIC Eigen3::Eigen)
endif()

foreach(kind IN ITEMS unit activations golden error fuzz problems)
  file(GLOB sources CONFIGURE_DEPENDS tests/${kind}/*.cpp tests/${kind}/*/*.cpp)
  if(NOT sources)
    continue()
  endif()
  set(name test_${kind})
  add_executable(${name} ${sources})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  # Objects of an object library are not handed on: each is named here.
  target_link_libraries(${name} PRIVATE test_support actinium_core actinium_jit)
  # Listed when ctest runs, not when the executable is linked: a broken start fails one run instead of the build.
  gtest_discover_tests(${name} TEST_PREFIX ${kind}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES TIMEOUT 600 LABELS ${kind})
endforeach()

# The tool as its users run it. These tests are clients of the library like the tool itself.
file(GLOB contract_sources CONFIGURE_DEPENDS tests/contract/*.cpp)
if(contract_sources AND TARGET actinium_tool)
  add_executable(test_contract ${contract_sources})
  add_dependencies(test_contract actinium_tool)
  set_target_properties(test_contract PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_compile_definitions(test_contract PRIVATE ACTINIUM_TOOL="$<TARGET_FILE:actinium_tool>"
    ACTINIUM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(test_contract PRIVATE actinium::actinium GTest::gtest GTest::gtest_main Threads::Threads)
  gtest_discover_tests(test_contract TEST_PREFIX contract. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES TIMEOUT 600 LABELS contract)
endif()

# ---- the library and the package as a user meets them ----------------------------------------------------------------
set(install_tests ${PROJECT_SOURCE_DIR}/tests/install)
add_test(NAME install.package COMMAND ${CMAKE_COMMAND} -DBUILD=${PROJECT_BINARY_DIR}
  -DWORK=${PROJECT_BINARY_DIR}/tests/install -DGENERATOR=${CMAKE_GENERATOR} -DCOMPILER=${CMAKE_CXX_COMPILER}
  -DMAKE_PROGRAM=${CMAKE_MAKE_PROGRAM} -DBINDIR=${CMAKE_INSTALL_BINDIR}
  "-DEXPECT=actinium ${PROJECT_VERSION}: 0.5 0.25 0.5" -P ${install_tests}/package.cmake)
add_test(NAME install.symbols COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DLIBRARY=$<TARGET_FILE:actinium>
  -P ${install_tests}/symbols.cmake)
add_test(NAME install.layers COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -P ${install_tests}/layers.cmake)
get_target_property(boost_include Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
add_test(NAME install.preprocessed_size COMMAND ${CMAKE_COMMAND} -DCOMPILER=${CMAKE_CXX_COMPILER}
  -DHEADER=actinium/actinium.h -DINCLUDE=${PROJECT_SOURCE_DIR}/include -DBOOST=${boost_include}
  -DWORK=${PROJECT_BINARY_DIR}/tests -DBOUND=120000 -P ${install_tests}/preprocessed_size.cmake)
set_tests_properties(install.package install.symbols install.layers install.preprocessed_size PROPERTIES
  TIMEOUT 300 LABELS install)
# A sanitizer's runtime is no part of what users link or of what the library exports.
if(ACTINIUM_SANITIZE)
  set_tests_properties(install.package install.symbols PROPERTIES DISABLED TRUE)
endif()
