// The parsers: command lines, revisions, paths, numbers, JSON; and what is near to a mistyped word.
#include <ukstore/images/ukstore/arguments.h>
#include <ukstore/images/ukstore/entry.h>
#include <ukstore/images/ukstore/failure.h>
#include <ukstore/images/ukstore/graph_drawing.h>
#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/images/ukstore/revision.h>
#include <ukstore/images/ukstore/state_walk.h>

#include <gtest/gtest.h>

#include <random>

namespace ukstore::cli::tests {
namespace {

TEST(Arguments, OptionsMayStandAnywhereAndDashesEndThem) {
  const auto arguments =
      Arguments::parse({"--json", "set", "-m", "why", "a/b", "--type=counter", "-5"});
  ASSERT_NE(arguments.command(), nullptr);
  EXPECT_EQ(arguments.command()->name, "set");
  EXPECT_TRUE(arguments.has("json"));
  EXPECT_EQ(arguments.option("message"), "why");
  EXPECT_EQ(arguments.option("type"), "counter");
  EXPECT_EQ(arguments.at("PATH"), "a/b");
  EXPECT_EQ(arguments.at("VALUE"), "-5");
  const auto dashed = Arguments::parse({"set", "a", "--", "--json"});
  EXPECT_EQ(dashed.at("VALUE"), "--json");
  EXPECT_FALSE(dashed.has("json"));
}

TEST(Arguments, LettersMayStandTogetherAndHoldTheirValue) {
  const auto arguments = Arguments::parse({"log", "-n3"});
  EXPECT_EQ(arguments.number("number"), 3u);
  const auto both = Arguments::parse({"ls", "-rl", "notes"});
  EXPECT_TRUE(both.has("recursive"));
  EXPECT_TRUE(both.has("long"));
  EXPECT_EQ(both.find("PATH"), "notes");
}

TEST(Arguments, TwoWordsNameACommandBeforeOne) {
  EXPECT_EQ(Arguments::parse({"branch"}).command()->name, "branch");
  EXPECT_EQ(Arguments::parse({"branch", "create", "x"}).command()->name, "branch create");
  EXPECT_EQ(Arguments::parse({"-C", "dir", "branch", "list"}).command()->name, "branch list");
  EXPECT_EQ(Arguments::parse({"--json"}).command(), nullptr);
}

TEST(Arguments, OptionalWordsFillUpFromTheLeftAndRepeatedOnesTakeTheRest) {
  EXPECT_EQ(Arguments::parse({"log", "a"}).find("REV"), std::nullopt);
  EXPECT_EQ(Arguments::parse({"log", "a", "b"}).find("REV"), "b");
  EXPECT_EQ(Arguments::parse({"op", "set", "tags", "add", "x", "y"}).rest("ARGS").size(), 2u);
  EXPECT_EQ(Arguments::parse({"op", "set", "tags", "clear"}).rest("ARGS").size(), 0u);
}

TEST(Numbers, AreWholeAndFit) {
  EXPECT_EQ(to_integer("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(to_integer("+7"), 7);
  EXPECT_EQ(to_integer("9223372036854775808"), std::nullopt);
  EXPECT_EQ(to_integer("1.0"), std::nullopt);
  EXPECT_EQ(to_integer("+-7"), std::nullopt);
  EXPECT_EQ(to_integer(""), std::nullopt);
  EXPECT_EQ(to_count("-1"), std::nullopt);
}

TEST(Revisions, StepsStandBehindTheName) {
  const auto plain = parse_revision("main");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->start, "main");
  EXPECT_TRUE(plain->steps.empty());
  const auto steps = parse_revision("a~b^2~~3");
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->start, "a~b");
  using Kind = RevisionStep::Kind;
  EXPECT_EQ(steps->steps,
            (std::vector<RevisionStep>{
                {Kind::parent, 2}, {Kind::first_parents, 1}, {Kind::first_parents, 3}}));
  EXPECT_FALSE(parse_revision(""));
  EXPECT_FALSE(parse_revision("~2"));
  EXPECT_FALSE(parse_revision("main~99999999999999999999"));
}

TEST(Paths, LoseOneSlashAtEachEndAndNoMore) {
  EXPECT_EQ(path_of("/a/b/"), "a/b");
  EXPECT_EQ(directory_of("/"), "");
  EXPECT_EQ(directory_of(std::nullopt), "");
  EXPECT_THROW(path_of(""), Failure);
  EXPECT_THROW(path_of("a//b"), Failure);
  EXPECT_THROW(path_of("//a"), Failure);
  EXPECT_THROW(path_of(std::string("a\0b", 3)), Failure);
  EXPECT_EQ(value_path(BytesView("a/b/\0\x11/x", 8)), "a/b");
}

TEST(Nearest, IsWhatOneSlipOfTheFingerMakes) {
  EXPECT_EQ(edit_distance("get", "gte"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(nearest("stauts", {"stat", "status"}), "status");
  EXPECT_EQ(nearest("cherry", {"chart", "cherry-pick"}), "cherry-pick");
  EXPECT_EQ(nearest("xyz", {"status", "get"}), std::nullopt);
  EXPECT_EQ(nearest("a", {}), std::nullopt);
}

TEST(Nearest, DistanceIsSymmetricAndZeroForEquals) {
  std::mt19937_64 random(7);
  const auto word = [&] {
    std::string text;
    for (uint64_t i = random() % 8; i > 0; --i) text += static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 2'000; ++i) {
    const std::string a = word(), b = word();
    EXPECT_EQ(edit_distance(a, b), edit_distance(b, a));
    EXPECT_EQ(edit_distance(a, b) == 0, a == b);
    EXPECT_LE(edit_distance(a, b), std::max(a.size(), b.size()));
  }
}

TEST(Json, BytesThatAreNoUtf8GoThroughBase64) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 2'000; ++i) {
    Bytes bytes(random() % 12, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % 4 == 0 ? random() : random() % 128);
    Json object = Json::object();
    put_bytes(object, "value", bytes);
    EXPECT_EQ(object.contains("value"), is_utf8(bytes));
    const Json again = Json::parse(line_of(object));
    EXPECT_EQ(take_bytes(again, "value"), bytes);
  }
  EXPECT_FALSE(is_utf8("\xc0\x80"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
  EXPECT_TRUE(is_utf8("\xf0\x9f\x8d\x83"));
  EXPECT_EQ(from_base64("YQ=="), "a");
  EXPECT_EQ(from_base64("YQ="), std::nullopt);
  EXPECT_EQ(from_base64("!!!!"), std::nullopt);
}

// The drawing of commits given as (own name, parents), newest first.
std::string drawing(const std::vector<std::pair<char, std::string>>& commits) {
  const auto ref_of = [](char name) {
    ObjectRef ref;
    ref.hash.bytes.fill(static_cast<uint8_t>(name));
    return ref;
  };
  GraphDrawing graph;
  std::string text;
  for (const auto& [name, parents] : commits) {
    StoredCommit commit;
    commit.ref = ref_of(name);
    for (const char parent : parents) commit.commit.parents.push_back(ref_of(parent));
    auto lines = graph.lines_for(commit);
    lines[0] += name;
    for (std::string& line : lines) text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

TEST(GraphDrawing, OpensAColumnForEachFurtherParentAndClosesItWhereLinesMeet) {
  EXPECT_EQ(drawing({{'c', "b"}, {'b', "a"}, {'a', ""}}), "* c\n* b\n* a\n");
  EXPECT_EQ(drawing({{'d', "bc"}, {'c', "a"}, {'b', "a"}, {'a', ""}}),
            "* d\n|\\\n| * c\n* | b\n /\n* a\n");
}

TEST(Words, ForAShellComeBackAsTheyWere) {
  EXPECT_EQ(shell_word("a/b"), "a/b");
  EXPECT_EQ(shell_word("it's"), R"('it'\''s')");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace ukstore::cli::tests
