# Imports and merges beside git, which is run as a process.
ukstore_bench(exchange_git exchange/git.cc exchange/git_child.cc LIBS ukstore_exchange)
