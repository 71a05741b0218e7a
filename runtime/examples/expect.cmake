# Runs PROGRAM and compares what it prints with EXPECTED, or with the text of
# EXPECTED_FILE, in which each time is N ms, whatever its width.
if(EXPECTED_FILE)
  file(READ ${EXPECTED_FILE} EXPECTED)
  string(STRIP "${EXPECTED}" EXPECTED)
endif()
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE output RESULT_VARIABLE result)
string(STRIP "${output}" output)
string(REGEX REPLACE " *[0-9.]+ ms" " N ms" output "${output}")
if(NOT result STREQUAL 0 OR NOT output STREQUAL "${EXPECTED}")
  message(FATAL_ERROR
    "exit code ${result}\n--- printed\n${output}\n--- expected\n${EXPECTED}")
endif()
