# Every bench/NAME.cpp is one Google Benchmark program, build/bench/NAME.
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
