// Prints its arguments, one a line, and exits with the number that the first one spells.
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) std::puts(argv[i]);
  return argc > 1 ? std::atoi(argv[1]) : 0;
}
