#include <ukstore/store/commit.h>

#include <gtest/gtest.h>
#include <algorithm>
#include <random>

namespace ukstore {
namespace {

using namespace std::string_literals;

Hash name(char c) { return hash_object(ObjectKind::blob, BytesView(&c, 1)); }

Bytes hex(BytesView bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  Bytes out;
  for (unsigned char c : bytes) {
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
  }
  return out;
}

Commit full_commit() {
  Commit commit;
  commit.tree.hash = name('t');
  commit.parents = {{name('p'), {}}, {name('q'), {}}};
  std::ranges::sort(commit.parents, {}, &ObjectRef::hash);
  commit.generation = 7;
  commit.author = Signature{"A U Thor <author@example.com>", -1, 330};
  commit.committer = Signature{"C O Mitter <c@example.com>", 1'700'000'000, -480};
  commit.message = "a subject\n\nbytes \xff and \0 more"s;
  commit.headers = {{"encoding", "ISO-8859-1"}, {"gpgsig", "-----\n"}, {"gpgsig", "-----\n x"}};
  return commit;
}

Tag full_tag() {
  return {.target = {name('c'), {}},
          .target_kind = ObjectKind::commit,
          .name = "v1.0",
          .tagger = Signature{"T <t@example.com>", 5, 0},
          .message = "one\n",
          .headers = {{"x", ""}}};
}

ObjectView view_of(ObjectKind kind, BytesView bytes, const std::vector<uint64_t>& side) {
  return {kind, bytes, reinterpret_cast<const char*>(side.data()),
          static_cast<uint32_t>(side.size())};
}

Result<Commit> decode(BytesView bytes) {
  size_t parents = bytes.size() > 4 ? load_le<uint16_t>(bytes.data() + 2) : 0;
  std::vector<uint64_t> side(commit_side_count(parents));
  auto stored = decode_commit({}, {}, view_of(ObjectKind::commit, bytes, side));
  if (!stored) return pass_on(stored);
  return stored->commit;
}

TEST(CommitBytes, OfARootAreFixedForEver) {
  Commit commit;
  commit.tree.hash = name('t');
  EXPECT_EQ(hex(encode(commit)),
            "01000000000000000100000000000000" + to_hex(name('t')) + "00000000");
  EXPECT_EQ(to_hex(hash_object(ObjectKind::commit, encode(commit))),
            "533f95d3aeabc9b13df2fd0eb2132be582d8565d94e67783875523a32e8444ab");
}

TEST(CommitBytes, OfEveryPartAreFixedForEver) {
  EXPECT_EQ(to_hex(hash_object(ObjectKind::commit, encode(full_commit()))),
            "b0c6c6f0caa69c8a580c5557ae2fa58d887346ae2b724a3bbce2211a17d4f1b9");
  EXPECT_EQ(to_hex(hash_object(ObjectKind::tag, encode(full_tag()))),
            "447c3228b2136a25c0570ef5ee7f7d827311f46a48e83344677bdb2e0a6f6d15");
}

TEST(CommitBytes, ComeBackAsTheSameCommitWithTheHintsOfItsSideArray) {
  for (Commit commit : {full_commit(), Commit{.tree = {name('t'), {}}}}) {
    EXPECT_EQ(decode(encode(commit)).value(), commit);
  }
  std::vector<uint64_t> side{1 << 20, 2 << 20, 3 << 20, 4 << 20};
  Bytes bytes = encode(full_commit());
  auto stored =
      decode_commit(name('c'), Address::from_value(8), view_of(ObjectKind::commit, bytes, side));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->ref.hash, name('c'));
  EXPECT_EQ(stored->commit.tree.address.value(), 1u << 20);
  EXPECT_EQ(stored->commit.parents[1].address.value(), 3u << 20);
  EXPECT_EQ(stored->jump.value(), 4u << 20);
  CommitLinks links(view_of(ObjectKind::commit, bytes, side));
  EXPECT_EQ(links.generation(), 7u);
  EXPECT_EQ(links.parent(1), full_commit().parents[1]);
  EXPECT_EQ(links.tree().hash, name('t'));
  EXPECT_EQ(links.jump().value(), 4u << 20);
}

TEST(CommitBytes, OfATagComeBackAsTheSameTag) {
  std::vector<uint64_t> side{9 << 20};
  for (Tag tag :
       {full_tag(), Tag{.target = {name('c'), {}}, .target_kind = ObjectKind::tag, .name = "x"}}) {
    Bytes bytes = encode(tag);
    auto back = decode_tag(view_of(ObjectKind::tag, bytes, side));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, tag);
    EXPECT_EQ(back->target.address.value(), 9u << 20);
  }
}

TEST(CommitBytes, NeedASideArrayOfTheRightSize) {
  Bytes bytes = encode(full_commit());
  EXPECT_EQ(validate_commit(bytes), 4u);
  std::vector<uint64_t> few(3), many(5);
  EXPECT_FALSE(decode_commit({}, {}, view_of(ObjectKind::commit, bytes, few)));
  EXPECT_FALSE(decode_commit({}, {}, view_of(ObjectKind::commit, bytes, many)));
  EXPECT_EQ(validate_tag(encode(full_tag())), 1u);
}

TEST(CommitRules, AreCheckedBeforeEncoding) {
  auto broken = [](auto&& change) {
    Commit commit = full_commit();
    change(commit);
    return !check(commit).has_value();
  };
  EXPECT_TRUE(check(full_commit()));
  EXPECT_TRUE(broken([](Commit& c) { std::swap(c.parents[0], c.parents[1]); }));
  EXPECT_TRUE(broken([](Commit& c) { c.parents[1] = c.parents[0]; }));
  EXPECT_TRUE(broken([](Commit& c) { c.generation = 1; }));
  EXPECT_TRUE(broken([](Commit& c) { c.parents.clear(); }));
  EXPECT_TRUE(broken([](Commit& c) { c.canonical_merge = true; }));
  EXPECT_TRUE(broken([](Commit& c) { c.author->name = "a\nb"; }));
  EXPECT_TRUE(broken([](Commit& c) { c.headers.push_back({"a", ""}); }));
  EXPECT_TRUE(broken([](Commit& c) { c.headers.front().first = "a b"; }));
  EXPECT_TRUE(broken([](Commit& c) { c.message.assign(kCommitBytesMax, 'x'); }));
  Commit merge{.tree = {name('t'), {}},
               .parents = full_commit().parents,
               .generation = 2,
               .canonical_merge = true};
  EXPECT_TRUE(check(merge));
  merge.parents.pop_back();
  EXPECT_FALSE(check(merge));
  Tag tag = full_tag();
  tag.name.clear();
  EXPECT_FALSE(check(tag));
}

TEST(CommitBytes, OfALaterVersionAreUnsupported) {
  Bytes bytes = encode(full_commit());
  bytes[0] = 2;
  EXPECT_EQ(decode(bytes).error().kind, Error::Kind::unsupported);
}

// Decoding accepts exactly what encoding gives: whatever decodes encodes to the same bytes.
TEST(CommitBytes, ThatWereDamagedAreRefusedOrMeanAnotherCommit) {
  std::mt19937_64 random(7);
  const Bytes good = encode(full_commit()), tag = encode(full_tag());
  size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = i % 2 ? good : tag;
    for (uint64_t n = 1 + random() % 3; n > 0; --n)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 8));
    if (i % 2) {
      auto back = decode(bytes);
      refused += !back;
      if (back) {
        ASSERT_EQ(encode(*back), bytes);
      }
    } else {
      std::vector<uint64_t> side(1);
      auto back = decode_tag(view_of(ObjectKind::tag, bytes, side));
      refused += !back;
      if (back) {
        ASSERT_EQ(encode(*back), bytes);
      }
    }
  }
  EXPECT_GT(refused, 1000u);
}

TEST(CommitBytes, CutAnywhereAreRefused) {
  const Bytes good = encode(full_commit());
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(decode(BytesView(good).substr(0, size)));
  EXPECT_FALSE(decode(good + '\0'));
}

}  // namespace
}  // namespace ukstore
