# bench/cases is one program over the cases of docs/performance.md, build/bench/cases; every bench/NAME.cpp is one Google
# Benchmark program, build/bench/NAME.
file(GLOB case_sources CONFIGURE_DEPENDS bench/cases/*.cpp)
add_executable(bench_cases ${case_sources})
set_target_properties(bench_cases PROPERTIES OUTPUT_NAME cases RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
target_link_libraries(bench_cases PRIVATE actinium::actinium actinium_flags CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json)

if(NOT benchmark_FOUND)
  message(STATUS "Benchmarks: left out, Google Benchmark was not found")
  return()
endif()
file(GLOB benches CONFIGURE_DEPENDS bench/*.cpp)
foreach(source IN LISTS benches)
  get_filename_component(name ${source} NAME_WE)
  add_executable(bench_${name} ${source})
  set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
  target_compile_definitions(bench_${name} PRIVATE ACTINIUM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(bench_${name} PRIVATE actinium::actinium actinium_flags benchmark::benchmark
    nlohmann_json::nlohmann_json Threads::Threads ${CMAKE_DL_LIBS})
endforeach()
