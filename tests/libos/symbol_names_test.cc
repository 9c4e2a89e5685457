// The table of functions' names: what the tool writes, the machine reads.

#include <gtest/gtest.h>

#include <random>

#include <ukstore/libos/core/symbol_names.h>
#include <ukstore/libos/tools/symbol_table.h>

namespace libos_test {
namespace {

using namespace ukstore::libos;
using Functions = std::map<uint64_t, std::string>;

struct Table {
  explicit Table(const Functions& functions)
      : encoded(ukstore::tools::encode_symbols(functions)),
        table{static_cast<uint32_t>(functions.size()), bytes(encoded.distances),
              reinterpret_cast<const uint8_t (*)[2]>(bytes(encoded.pairs)), bytes(encoded.names)} {}
  static const uint8_t* bytes(const std::string& text) {
    return reinterpret_cast<const uint8_t*>(text.data());
  }
  std::string at(uint64_t address) const {
    Symbol symbol = find_symbol(table, address);
    return std::string(symbol.name.view()) + "+" + std::to_string(symbol.offset);
  }

  ukstore::tools::EncodedSymbols encoded;
  SymbolTable table;
};

TEST(SymbolNames, AnAddressBelongsToTheLastFunctionThatBeginsBeforeIt) {
  Table table({{0x200000, "first"}, {0x200010, "second"}, {0x400000, "third"}});
  EXPECT_EQ(table.at(0x1fffff), "?+0");
  EXPECT_EQ(table.at(0x200000), "first+0");
  EXPECT_EQ(table.at(0x20000f), "first+15");
  EXPECT_EQ(table.at(0x200010), "second+0");
  EXPECT_EQ(table.at(0x400007), "third+7");
  EXPECT_EQ(Table({}).at(0x200000), "?+0");
}

TEST(SymbolNames, WhatRepeatsIsSmall) {
  Functions functions;
  for (uint64_t i = 0; i < 500; ++i) {
    functions[0x200000 + 48 * i] = "ukstore::libos::Something::name_" + std::to_string(i);
  }
  Table table(functions);
  EXPECT_LT(table.encoded.names.size() + table.encoded.pairs.size(), 5'000U);
  EXPECT_EQ(table.encoded.distances.size(), 500U + 3);
  for (const auto& [address, name] : functions) EXPECT_EQ(table.at(address), name + "+0");
}

TEST(SymbolNames, AnyNamesComeBack) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50; ++round) {
    Functions functions;
    uint64_t address = 0x200000;
    for (int i = 0; i < 60; ++i) {
      std::string name;
      for (size_t length = 1 + random() % (kSymbolNameMax + 8); name.size() < length;) {
        name.push_back(static_cast<char>("ab:_z"[random() % (1 + random() % 5)]));
      }
      functions[address] = name;
      address += 1 + (random() % 4 == 0 ? random() % 100'000 : random() % 64);
    }
    Table table(functions);
    for (const auto& [begin, name] : functions) {
      EXPECT_EQ(table.at(begin), name.substr(0, kSymbolNameMax) + "+0");
    }
  }
}

}  // namespace
}  // namespace libos_test
