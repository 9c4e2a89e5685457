// What must not go unpunished ends the machine with its own name and exit code.

#include <gtest/gtest.h>

#include "machine.h"

namespace boot_test {
namespace {

struct Case {
  std::string image, name;
  int code;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.image; }

class Trap : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Boot, Trap,
    testing::Values(
        Case{"null_read", "null-pointer", 201}, Case{"null_jump", "null-pointer", 201},
        Case{"write_text", "write-to-text", 202}, Case{"write_text_alias", "write-to-text", 202},
        Case{"write_rodata", "write-to-rodata", 203},
        Case{"write_interrupt_table", "write-to-rodata", 203},
        Case{"write_page_table", "write-to-page-table", 204}, Case{"run_data", "execute-data", 205},
        Case{"run_heap", "execute-data", 205}, Case{"run_stack", "execute-data", 205},
        Case{"main_stack", "stack overflow in thread 1", 206},
        Case{"thread_stack", "stack overflow in thread 2", 206},
        Case{"kernel_stack", "kernel-stack-overflow", 207}, Case{"unmapped", "unmapped", 208},
        Case{"write_read_only", "forbidden", 209}, Case{"invalid_opcode", "invalid-opcode", 210},
        Case{"divide", "divide-error", 211}, Case{"general_protection", "general-protection", 212},
        Case{"past_end_of_file", "past-end-of-file", 214}, Case{"unknown_call", "(fork)", 216},
        Case{"page_table_rule", "page-table-rule", 217},
        Case{"executable_after_seal", "page-table-rule", 217},
        Case{"canary", "stack smashing detected", 134}),
    [](const auto& info) { return info.param.image; });

TEST_P(Trap, EndsTheMachineByName) {
  Folder folder;
  for (std::string machine : {"microvm", "q35"}) {
    Outcome outcome = boot({.image = "trap_" + GetParam().image,
                            .machine = machine,
                            .options = {"--disk", folder.disk("disk", 16)}});
    EXPECT_EQ(outcome.code, GetParam().code) << outcome.out << outcome.errors;
    EXPECT_NE(outcome.out.find(GetParam().name), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.out.find("survived"), std::string::npos);
  }
}

}  // namespace
}  // namespace boot_test
