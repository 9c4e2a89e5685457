# What the command line costs to start.
if(TARGET ukstore)
  ukstore_bench(cli_start cli/start.cc)
  target_compile_definitions(bench_cli_start PRIVATE UKSTORE_BINARY="$<TARGET_FILE:ukstore>")
  add_dependencies(bench_cli_start ukstore)
endif()
