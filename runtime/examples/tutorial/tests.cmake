# What each step prints. Apart, since the reader of docs/tutorial.md, which has
# all of CMakeLists.txt, need not write it.
enable_testing()

foreach(step ${steps})
  add_test(NAME tutorial-${step}
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:tutorial-${step}>
      -DEXPECTED_FILE=${CMAKE_CURRENT_LIST_DIR}/${step}.out
      -P ${CMAKE_CURRENT_LIST_DIR}/../expect.cmake)
  set_tests_properties(tutorial-${step} PROPERTIES TIMEOUT 120)
endforeach()
