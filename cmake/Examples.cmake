# Every examples/NAME.cpp is a program that uses the public headers alone. ctest runs it and compares what it prints with
# examples/expected/NAME.txt (exactly) or NAME.regex (each line a regex that a later line of the output must match).
file(GLOB examples CONFIGURE_DEPENDS examples/*.cpp)
foreach(source IN LISTS examples)
  get_filename_component(name ${source} NAME_WE)
  if(name STREQUAL "eigen" AND NOT Eigen3_FOUND)
    message(STATUS "Example eigen: left out, Eigen was not found")
    continue()
  endif()
  add_executable(example_${name} ${source})
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name}
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
  target_link_libraries(example_${name} PRIVATE actinium::actinium actinium_flags ZLIB::ZLIB)
  if(name STREQUAL "eigen")
    target_link_libraries(example_${name} PRIVATE Eigen3::Eigen)
  endif()
  add_test(NAME examples.${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:example_${name}> -DNAME=${name}
      -DEXPECTED=${PROJECT_SOURCE_DIR}/examples/expected -P ${PROJECT_SOURCE_DIR}/cmake/RunExample.cmake)
  set_tests_properties(examples.${name} PROPERTIES TIMEOUT 300 LABELS examples)
endforeach()

add_test(NAME examples.digits_one_answer WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
  COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:example_digits> -P ${PROJECT_SOURCE_DIR}/cmake/OneAnswer.cmake)
set_tests_properties(examples.digits_one_answer PROPERTIES TIMEOUT 300 LABELS examples)
