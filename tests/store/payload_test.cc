#include <ukstore/store/payload.h>

#include <ukstore/store/rope.h>
#include <ukstore/store/validate.h>
#include <ukstore/tests/store/tree_model.h>

#include <set>

namespace ukstore::test {
namespace {

Payload write(const Objects& o, std::shared_ptr<Arena> arena, BytesView bytes, size_t piece) {
  PayloadWriter writer(o.objects, std::move(arena));
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    ok(writer.append(bytes.substr(0, piece)));
  }
  return ok(writer.finish());
}

TEST(Payload, TheFormIsAFunctionOfTheBytes) {
  Random random(1);
  Objects o;
  struct Case {
    size_t size;
    PayloadForm form;
  };
  for (Case c : {Case{0, PayloadForm::inlined},
                 {64, PayloadForm::inlined},
                 {65, PayloadForm::blob},
                 {65536, PayloadForm::blob},
                 {65537, PayloadForm::rope},
                 {200000, PayloadForm::rope},
                 {131072, PayloadForm::rope},
                 {5000000, PayloadForm::rope}}) {
    Bytes bytes = random_bytes(random, c.size);
    auto arena = std::make_shared<Arena>();
    Payload whole = ok(make_payload(o.objects, arena, bytes));
    EXPECT_EQ(whole.form, c.form) << c.size;
    EXPECT_EQ(whole.size, c.size);
    for (size_t piece : {size_t{1000}, size_t{70001}}) {
      EXPECT_EQ(write(o, arena, bytes, piece), whole) << c.size << " by " << piece;
    }
    PayloadReader reader(o.objects, whole);
    EXPECT_EQ(ok(reader.read_all()), bytes);
    for (int i = 0; i < 20; ++i) {
      uint64_t offset = below(random, c.size + 10);
      Bytes part(below(random, 100000), '\0');
      size_t got = ok(reader.read(offset, part));
      Bytes expected = offset < c.size ? bytes.substr(offset, part.size()) : Bytes();
      EXPECT_EQ(part.substr(0, got), expected);
    }
    for (const StagedObject& object : arena->objects()) {
      ok(validate(object.view().kind, object.view().bytes, object.view().side_count));
    }
  }
}

TEST(Payload, AnInsertInTheMiddleKeepsMostChunks) {
  Random random(2);
  Objects o;
  Bytes bytes = random_bytes(random, 4 << 20);
  auto chunks = [&](BytesView of) {
    std::set<Hash> names;
    while (!of.empty()) {
      size_t length = chunk_length(of);
      EXPECT_TRUE(length >= kChunkBytesMin || length == of.size());
      EXPECT_LE(length, kChunkBytesMax);
      names.insert(hash_object(ObjectKind::blob, of.substr(0, length)));
      of.remove_prefix(length);
    }
    return names;
  };
  std::set<Hash> before = chunks(bytes);
  // 16 KiB on average.
  EXPECT_NEAR(double(bytes.size()) / before.size(), 16384, 3000);
  bytes.insert(bytes.size() / 2, "inserted");
  size_t fresh = 0;
  for (const Hash& name : chunks(bytes)) fresh += !before.contains(name);
  EXPECT_LE(fresh, 3u);
}

TEST(Payload, RunsOfOneByteAreCutAtTheLimit) {
  Bytes zeros(1 << 20, '\0');
  EXPECT_LE(chunk_length(zeros), kChunkBytesMax);
  Objects o;
  Payload payload = ok(make_payload(o.objects, std::make_shared<Arena>(), zeros));
  EXPECT_EQ(ok(PayloadReader(o.objects, payload).read_all()), zeros);
}

}  // namespace
}  // namespace ukstore::test
