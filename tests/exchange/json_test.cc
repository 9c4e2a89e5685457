#include <ukstore/merge/exchange/json.h>

#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/log.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/merge/types/set.h>
#include <ukstore/store/memory_backend.h>

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace ukstore::tests {
namespace {

class JsonExchange : public testing::Test {
 protected:
  Result<ValueImportReport> import(BytesView text, const Bytes& key = {}) {
    ViewSource source(text);
    return import_json(*store_, "main", source, {.key_field = key});
  }
  std::optional<Bytes> at(const Bytes& path) { return *main_.state()->get(path); }
  Bytes exported() {
    BytesSink out;
    auto conflicts = export_json(*main_.state(), out);
    EXPECT_TRUE(conflicts && conflicts->empty());
    return out.bytes();
  }
  std::unique_ptr<Store> store_ = *Store::open(make_memory_backend());
  Repo repo_{*store_, {}};
  Branch main_ = repo_.branch("main");
};

TEST_F(JsonExchange, ObjectsAreDirectoriesAndTheRestIsCanonicalText) {
  auto imported = import(R"({"b": {"x": 1.50, "empty": {}, "list": [ {"z":1,"a":null} ]},
                            "text": "A\u00e9\n", "big": 18446744073709551615, "no": false})");
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_EQ(imported->values, 6u);
  EXPECT_EQ(at("b/x"), "1.5");
  EXPECT_EQ(at("b/empty"), "{}");
  EXPECT_EQ(at("b/list"), R"([{"a":null,"z":1}])");
  EXPECT_EQ(at("text"), "\"A\xc3\xa9\\n\"");
  EXPECT_EQ(at("big"), "18446744073709551615");
  EXPECT_EQ(at("no"), "false");
  EXPECT_EQ(exported(),
            "{\"b\":{\"empty\":{},\"list\":[{\"a\":null,\"z\":1}],\"x\":1.5},"
            "\"big\":18446744073709551615,\"no\":false,\"text\":\"A\xc3\xa9\\n\"}\n");
}

TEST_F(JsonExchange, ArraysOfKeyedObjectsBecomeDirectories) {
  ASSERT_TRUE(import(R"({"c":[{"id":"x","n":1},{"id":7,"sub":[{"id":"y"}]}],
                         "twice":[{"id":"x"},{"id":"x"}], "none":[], "other":[1]})",
                     "id"));
  EXPECT_EQ(at("c/x/n"), "1");
  EXPECT_EQ(at("c/x/id"), "\"x\"");
  EXPECT_EQ(at("c/7/sub/y/id"), "\"y\"");
  EXPECT_EQ(at("twice"), R"([{"id":"x"},{"id":"x"}])");
  EXPECT_EQ(at("none"), "[]");
  EXPECT_EQ(at("other"), "[1]");
}

TEST_F(JsonExchange, AnyKeyIsAStep) {
  const Bytes text = R"({"":1,"%":2,"a\u0000b":4,"a/b":3})";
  ASSERT_TRUE(import(text));
  EXPECT_EQ(at("a%2Fb"), "3");
  EXPECT_EQ(exported(), text + "\n");
}

TEST_F(JsonExchange, RefusesWhatIsNoObjectAndSaysWhere) {
  for (const char* text :
       {"", "[]", "3", "{", "{\"a\":}", "{\"a\":1} x", "{\"a\":\"\xff\"}", "{\"a\":1,}", "nul"}) {
    auto imported = import(text);
    ASSERT_FALSE(imported) << text;
    EXPECT_EQ(imported.error().kind, Error::Kind::invalid) << text;
  }
  Bytes deep = "{\"a\":" + Bytes(100'000, '[') + Bytes(100'000, ']') + "}";
  EXPECT_EQ(import(deep).error().kind, Error::Kind::limit);
  Bytes deep_objects;
  for (int i = 0; i < 2000; ++i) deep_objects += "{\"a\":";
  EXPECT_EQ(import(deep_objects + "1" + Bytes(2000, '}')).error().kind, Error::Kind::limit);
  EXPECT_EQ(import("{\"" + Bytes(256, 'k') + "\":1}").error().kind, Error::Kind::invalid);
  EXPECT_FALSE(*main_.head());
}

TEST_F(JsonExchange, TheSameTextOnTheSameCommitIsTheSameCommit) {
  auto other = *Store::open(make_memory_backend());
  for (Store* store : {store_.get(), other.get()}) {
    for (const char* text : {R"({"a":1,"b":2})", R"({"a":1,"b":3})"}) {
      ViewSource source(text);
      ASSERT_TRUE(import_json(*store, "main", source));
    }
  }
  EXPECT_EQ(*store_->head(RefKind::branch, "main"), *other->head(RefKind::branch, "main"));
  // What is there already makes no commit.
  auto again = import(R"({"b":3})");
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->committed.commit);
}

TEST_F(JsonExchange, TheSameTextOnTwoBranchesMintsTwoWrites) {
  ASSERT_TRUE(import(R"({"a":0,"b":0})"));
  Branch other = *main_.fork("other");
  ASSERT_TRUE(main_.set("a", "1"));
  ASSERT_TRUE(other.set("b", "1"));
  const Bytes text = R"({"a":1,"b":1})";
  ASSERT_TRUE(import(text));
  ViewSource source(text);
  ASSERT_TRUE(import_json(*store_, "other", source));
  auto merged = main_.merge(other);
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(at("a"), "1");
  EXPECT_EQ(at("b"), "1");
}

TEST_F(JsonExchange, TypedValuesComeOutByWhatTheyShow) {
  ASSERT_TRUE(main_.transact([](Tx& tx) {
    tx.at<Counter>("count").add(-3);
    tx.at<Flag>("on").enable();
    tx.at<Set<Bytes>>("set").insert("b");
    tx.at<Set<Bytes>>("set").insert("a");
    tx.at<AppendLog<Bytes>>("log").append("one");
    tx.at<LastWriter<Bytes>>("last").write("x");
    tx.set("raw", "no json");
    tx.set("binary", "\xff");
  }));
  EXPECT_EQ(exported(),
            "{\"binary\":{\"base64\":\"/w==\"},\"count\":-3,\"last\":\"x\",\"log\":[\"one\"],"
            "\"on\":true,\"raw\":\"no json\",\"set\":[\"a\",\"b\"]}\n");
}

TEST_F(JsonExchange, ConflictsAreListedAndNothingIsWritten) {
  ASSERT_TRUE(main_.set("dir/a", "0"));
  Branch other = *main_.fork("other");
  ASSERT_TRUE(main_.set("dir/a", "1"));
  ASSERT_TRUE(other.set("dir/a", "2"));
  ASSERT_TRUE(main_.merge(other));
  BytesSink out;
  EXPECT_EQ(*export_json(*main_.state(), out), std::vector<Bytes>{"dir/a"});
  EXPECT_EQ(out.bytes(), "");
}

TEST_F(JsonExchange, SeededDocumentsComeOutAsTheyWentIn) {
  std::mt19937_64 random(7);
  std::function<Bytes(int)> value = [&](int depth) -> Bytes {
    switch (random() % (depth > 3 ? 4 : 6)) {
      case 0:
        return std::to_string(static_cast<int64_t>(random() >> (random() % 64)));
      case 1:
        return "\"k" + std::to_string(random() % 100) + "\\n\"";
      case 2:
        return random() % 2 ? "null" : "true";
      case 3:
        return std::to_string(random() % 1000) + ".5";
      case 4: {
        Bytes text;
        for (uint64_t i = random() % 4; i > 0; --i)
          text += (text.empty() ? "" : ",") + value(depth + 1);
        return "[" + text + "]";
      }
      default: {
        Bytes text;
        for (uint64_t i = 0, n = random() % 4; i < n; ++i) {
          text +=
              (text.empty() ? "" : ",") + ("\"m" + std::to_string(i) + "\":") + value(depth + 1);
        }
        return "{" + text + "}";
      }
    }
  };
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(main_.transact([](Tx& tx) { tx.remove(""); }));
    Bytes text = "{\"a\":" + value(0) + ",\"b\":" + value(0) + "}";
    ASSERT_TRUE(import(text)) << text;
    EXPECT_EQ(exported(), text + "\n");
  }
}

}  // namespace
}  // namespace ukstore::tests
