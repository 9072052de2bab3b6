# bench/cases is one program over the cases of docs/performance.md, build/bench/cases; bench/curves one over sizes; every bench/NAME.cpp is one Google
# Benchmark program, build/bench/NAME.
file(GLOB case_sources CONFIGURE_DEPENDS bench/cases/*.cpp)
add_executable(bench_cases ${case_sources})
set_target_properties(bench_cases PROPERTIES OUTPUT_NAME cases RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
target_link_libraries(bench_cases PRIVATE actinium::actinium actinium_flags CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json)
target_compile_options(bench_cases PRIVATE -Wno-uninitialized -Wno-maybe-uninitialized)  # of gcc 12 about its own intrinsics
target_include_directories(bench_cases PRIVATE src)  # math/coefficients.hpp, for functions by hand at our bounds
target_compile_definitions(bench_cases PRIVATE BENCH_PEERS="${PROJECT_SOURCE_DIR}/bench/peers/cases.py")
# Hand-written kernels are AVX-512 and run where that is; plain loops and Eigen are compiled for this machine.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(hand_sources bench/cases/hand_vector.cpp bench/cases/hand_narrow.cpp bench/cases/hand_rows.cpp)
  set_source_files_properties(bench/cases/hand_product.cpp ${hand_sources} PROPERTIES
    COMPILE_OPTIONS "-O3;-march=x86-64-v4;-mprefer-vector-width=512;-fno-math-errno")
  # Ordered before registers are chosen, too: functions gain a tenth by that, and products lose one.
  set_property(SOURCE ${hand_sources} APPEND PROPERTY COMPILE_OPTIONS -fschedule-insns)
  set_property(SOURCE bench/cases/hand_narrow.cpp bench/cases/hand_rows.cpp APPEND PROPERTY COMPILE_OPTIONS -fsched-pressure)
endif()
set_source_files_properties(bench/cases/loops.cpp PROPERTIES
  COMPILE_OPTIONS "-O3;-march=native;-mprefer-vector-width=512;-ffast-math;-ffp-contract=fast")
set_source_files_properties(bench/cases/eigen.cpp PROPERTIES
  COMPILE_OPTIONS "-O3;-march=native;-mprefer-vector-width=512;-fno-math-errno;-ffp-contract=fast")
# Peers, each used if it is found.
# (dnnl's own configuration asks for OpenCL.)
find_path(DNNL_INCLUDE_DIR dnnl.hpp)
find_library(DNNL_LIBRARY dnnl)
find_path(OPENBLAS_INCLUDE_DIR cblas.h PATH_SUFFIXES openblas-pthread x86_64-linux-gnu/openblas-pthread openblas)
find_library(OPENBLAS_LIBRARY openblas PATH_SUFFIXES openblas-pthread)
if(DNNL_INCLUDE_DIR AND DNNL_LIBRARY)
  target_compile_definitions(bench_cases PRIVATE BENCH_ONEDNN)
  target_include_directories(bench_cases SYSTEM PRIVATE ${DNNL_INCLUDE_DIR})
  target_link_libraries(bench_cases PRIVATE ${DNNL_LIBRARY})
endif()
if(OPENBLAS_INCLUDE_DIR AND OPENBLAS_LIBRARY)
  target_compile_definitions(bench_cases PRIVATE BENCH_OPENBLAS)
  target_include_directories(bench_cases SYSTEM PRIVATE ${OPENBLAS_INCLUDE_DIR})
  target_link_libraries(bench_cases PRIVATE ${OPENBLAS_LIBRARY})
endif()
if(TARGET Eigen3::Eigen)
  target_compile_definitions(bench_cases PRIVATE BENCH_EIGEN)
  target_link_libraries(bench_cases PRIVATE Eigen3::Eigen)
endif()

add_executable(bench_curves bench/curves/main.cpp)
set_target_properties(bench_curves PROPERTIES OUTPUT_NAME curves RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
target_compile_options(bench_curves PRIVATE -Wno-uninitialized -Wno-maybe-uninitialized)
target_link_libraries(bench_curves PRIVATE actinium::actinium actinium_flags CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json)

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
