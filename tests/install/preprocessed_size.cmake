# A user's file that includes HEADER alone stays small enough to compile in under a second: at most BOUND lines after
# preprocessing (blank lines and line markers left out).
file(WRITE ${WORK}/user.cpp "#include <${HEADER}>\n")
execute_process(COMMAND ${COMPILER} -std=c++20 -E -P -I${INCLUDE} -I${BOOST} ${WORK}/user.cpp -o ${WORK}/user.ii
  RESULT_VARIABLE status ERROR_VARIABLE errors)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${errors}")
endif()
execute_process(COMMAND wc -l ${WORK}/user.ii OUTPUT_VARIABLE output)
string(REGEX MATCH "[0-9]+" count "${output}")
message("${HEADER}: ${count} lines after preprocessing, bound ${BOUND}")
if(NOT count OR count GREATER BOUND)
  message(FATAL_ERROR "too many: some header pulls in more than handles and free functions")
endif()
