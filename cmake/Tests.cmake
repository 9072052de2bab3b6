# Tests by kind: one executable a directory of tests/, plus the checks of the built library and of the installed package.
include(GoogleTest)

file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.cpp)
foreach(kind IN ITEMS unit activations golden error fuzz)
  file(GLOB sources CONFIGURE_DEPENDS tests/${kind}/*.cpp tests/${kind}/*/*.cpp)
  if(NOT sources)
    continue()
  endif()
  set(name test_${kind})
  add_executable(${name} ${sources} ${support_sources})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_include_directories(${name} PRIVATE tests)
  target_compile_definitions(${name} PRIVATE ACTINIUM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE actinium_core actinium_jit actinium_llvm mpfr
    GTest::gtest GTest::gmock GTest::gtest_main Threads::Threads)
  if(Eigen3_FOUND)
    target_link_libraries(${name} PRIVATE Eigen3::Eigen)
  endif()
  # Listed when ctest runs, not when the executable is linked: a broken start fails one run instead of the build.
  gtest_discover_tests(${name} TEST_PREFIX ${kind}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES TIMEOUT 600 LABELS ${kind})
endforeach()
