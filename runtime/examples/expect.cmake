# Runs PROGRAM and compares what it prints with EXPECTED, in which each time is
# N ms.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE output RESULT_VARIABLE result)
string(STRIP "${output}" output)
string(REGEX REPLACE "[0-9.]+ ms" "N ms" output "${output}")
if(NOT result STREQUAL 0 OR NOT output STREQUAL "${EXPECTED}")
  message(FATAL_ERROR
    "exit code ${result}\n--- printed\n${output}\n--- expected\n${EXPECTED}")
endif()
