# Installs the runtime to a fresh prefix, builds its examples as a project of its
# own that has nothing but find_package(Reopt), and runs their tests. And sets up
# the runtime as a project of its own, without clang.
file(REMOVE_RECURSE ${WORK})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result
    OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --component runtime
  --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${EXAMPLES} -B ${WORK}/build
  -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_C_COMPILER=${CC} -DCMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build ${WORK}/build -j 2)
run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/build --output-on-failure)

run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${RUNTIME} -B ${WORK}/alone
  -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_C_COMPILER=${CC}
  -DCMAKE_DISABLE_FIND_PACKAGE_Clang=ON)
run(${CMAKE_COMMAND} --build ${WORK}/alone
  --target CMakeFiles/ReoptRuntime.dir/lib/Options.cpp.o)
