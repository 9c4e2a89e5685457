// Looking inside: backtraces, gdb, and what the core is made of.

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <regex>
#include <sstream>

#include "machine.h"

namespace boot_test {
namespace {

TEST(Inside, ABacktraceNamesTheCallersAcrossASystemCall) {
  std::string out = boot({.image = "trap_unknown_call"}).out;
  for (std::string name :
       {"libos_syscall+", "syscall+", "main+", "__libc_start_main+", "_start+"}) {
    EXPECT_NE(out.find(name), std::string::npos) << name << " in\n" << out;
  }
}

TEST(Inside, ABacktraceGoesThroughAnException) {
  std::string out = boot({.image = "trap_thread_stack"}).out;
  EXPECT_NE(out.find("deeper+"), std::string::npos) << out;
  out = boot({.image = "trap_null_jump"}).out;
  EXPECT_NE(out.find("main+"), std::string::npos) << out;
}

TEST(Inside, APanicNamesTheBuildOfTheImage) {
  std::string notes = run({"readelf", "-nW", image("trap_divide")}).out;
  std::smatch id;
  ASSERT_TRUE(std::regex_search(notes, id, std::regex("Build ID: ([0-9a-f]{40})"))) << notes;
  EXPECT_NE(boot({.image = "trap_divide"}).out.find("build " + id[1].str()), std::string::npos);
}

TEST(Inside, GdbStopsInMainAndNamesTheThread) {
  std::string port = std::to_string(20000 + getpid() % 10000);
  Boot stopped{.image = "hello", .options = {"--gdb", port}};
  auto running = std::async(std::launch::async, [&] { return boot(stopped); });
  Outcome gdb = run({"gdb", "-nx", "-batch", "-ex", "set tcp connect-timeout 150", "-ex",
                     "target remote 127.0.0.1:" + port, "-ex", "hbreak main", "-ex", "continue",
                     "-ex", "backtrace", "-ex", "kill", debug_image("hello")});
  std::regex in_main("#0 +main \\(\\) at .*images/hello/hello\\.c");
  EXPECT_TRUE(std::regex_search(gdb.out, in_main)) << gdb.out << gdb.errors;
  running.wait();
}

// The core calls nothing of the C library, starts nothing behind our back, and leaves the vector
// registers alone.
TEST(Inside, TheCoreStandsAlone) {
  const std::string core = std::string(UKSTORE_BINARY_DIR) + "/libos/core/libos_core.o";
  std::istringstream undefined(run({"nm", "-u", core}).out);
  std::string mark, name;
  while (undefined >> mark >> name) EXPECT_TRUE(name.starts_with("libos_")) << name;
  EXPECT_EQ(run({"objdump", "-h", core}).out.find(".init_array"), std::string::npos);
  // An inline function that both have would be taken from the program.
  std::istringstream defined(run({"nm", "--defined-only", core}).out);
  for (std::string address; defined >> address >> mark >> name;) {
    EXPECT_EQ(std::string("WwVvu").find(mark), std::string::npos) << name;
  }
  EXPECT_EQ(run({"readelf", "-gW", core}).out.find("COMDAT"), std::string::npos);
  std::istringstream code(run({"objdump", "-d", "--no-show-raw-insn", core}).out);
  const std::regex vector("%[xyz]mm[0-9]|%mm[0-7]|%st\\(");
  for (std::string line; std::getline(code, line);) {
    if (line.find("mm") == line.npos && line.find("%st") == line.npos) continue;
    EXPECT_FALSE(std::regex_search(line, vector)) << line;
  }
}

TEST(Inside, ImagesPassTheCheckAndAWrongOneDoesNot) {
  const std::string tool = std::string(UKSTORE_BINARY_DIR) + "/libos/core/elf_image";
  for (std::string name : {"hello", "probe", "arguments"}) {
    Outcome outcome = run({tool, "check", image(name)});
    EXPECT_EQ(outcome.code, 0) << name << ": " << outcome.errors;
  }
  Outcome wrong = run({tool, "check", "/proc/self/exe"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_NE(wrong.errors.find("PT_LOAD"), std::string::npos);
}

}  // namespace
}  // namespace boot_test
