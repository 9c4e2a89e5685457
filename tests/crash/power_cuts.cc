#include "power_cuts.h"

#include <algorithm>

namespace ukstore::tests {
namespace {

constexpr size_t kSector = 512;

// Of an unflushed write, what got to the disk.
enum class Fate { lost, whole, torn };

void apply(Bytes& file, uint64_t offset, BytesView data) {
  if (file.size() < offset + data.size()) file.resize(offset + data.size());
  std::memcpy(file.data() + offset, data.data(), data.size());
}

void apply(Bytes& file, const IoOp& op, Fate fate, std::mt19937_64& random) {
  if (fate == Fate::whole) apply(file, op.offset, op.data);
  if (fate != Fate::torn) return;
  for (size_t at = 0; at < op.data.size();) {
    // Sectors are aligned on the disk, not in the write.
    size_t end = std::min(op.data.size(), at + kSector - (op.offset + at) % kSector);
    if (random() % 2) apply(file, op.offset + at, BytesView(op.data).substr(at, end - at));
    at = end;
  }
}

// How the n-th image at a point treats its unflushed writes.
class Plan {
 public:
  Plan(size_t writes, size_t image, size_t images, std::mt19937_64& random)
      : writes_(writes), random_(random) {
    // The systematic ones come first; where there is no room for all, a random one stands for them.
    const size_t systematic = 2 + 2 * writes;
    choice_ = image;
    if (images < systematic) choice_ = random() % (systematic + 2);
    if (choice_ >= systematic) tears_ = random() % 2 == 0;
  }
  Fate fate(size_t write) const {
    if (choice_ == 0) return Fate::lost;
    if (choice_ == 1) return Fate::whole;
    if (choice_ < 2 + writes_) return write == choice_ - 2 ? Fate::whole : Fate::lost;
    if (choice_ < 2 + 2 * writes_) return write == choice_ - 2 - writes_ ? Fate::lost : Fate::whole;
    if (!tears_) return random_() % 2 ? Fate::whole : Fate::lost;
    return static_cast<Fate>(random_() % 3);
  }
  std::string describe() const {
    if (choice_ == 0) return "none";
    if (choice_ == 1) return "all";
    if (choice_ < 2 + writes_) return "only write " + std::to_string(choice_ - 2);
    if (choice_ < 2 + 2 * writes_) return "all but write " + std::to_string(choice_ - 2 - writes_);
    return tears_ ? "random ones, torn" : "random ones";
  }

 private:
  size_t writes_;
  std::mt19937_64& random_;
  size_t choice_ = 0;
  bool tears_ = false;
};

// The operations at which the state of the disk is pinned, each a point to cut just before, and the
// end.
std::vector<size_t> cut_points(const std::vector<IoOp>& ops) {
  std::vector<size_t> points;
  for (size_t i = 0; i < ops.size(); ++i) {
    if (ops[i].kind != IoOp::Kind::write) points.push_back(i);
  }
  points.push_back(ops.size());
  return points;
}

// Writes [0, flushed) are on the disk; of the rest up to `point` those through O_DSYNC that
// returned are.
struct Cut {
  size_t point;    // operations before it have been issued
  size_t issued;   // `point`, or one more if the operation there is a write
  size_t flushed;  // operations before the last flush
};

void bounds(const Recording& recording, size_t point, CrashImage& image) {
  image.least = image.most = 0;
  for (const CommitMark& mark : recording.commits) {
    if (mark.durable <= point) image.least = std::max(image.least, mark.commit);
    if (mark.begun <= point) image.most = std::max(image.most, mark.commit);
  }
}

}  // namespace

void for_each_power_cut(const Recording& recording, size_t images, uint64_t seed,
                        const std::function<void(const CrashImage&)>& visit) {
  std::mt19937_64 random(seed);
  const auto points = cut_points(recording.ops);
  Bytes flushed_file = recording.before;
  size_t flushed = 0, made = 0;
  for (size_t p = 0; p < points.size(); ++p) {
    Cut cut{points[p], points[p], flushed};
    if (cut.point < recording.ops.size() && recording.ops[cut.point].kind != IoOp::Kind::flush)
      ++cut.issued;
    std::vector<size_t> pending;
    for (size_t i = cut.flushed; i < cut.issued; ++i) {
      bool on_disk = recording.ops[i].kind == IoOp::Kind::write_sync && i != cut.point;
      if (!on_disk) pending.push_back(i);
    }
    const size_t here = (p + 1) * images / points.size() - made;
    made += here;
    for (size_t n = 0; n < here; ++n) {
      Plan plan(pending.size(), n, here, random);
      CrashImage image{flushed_file, 0, 0, {}};
      size_t next = 0;
      for (size_t i = cut.flushed; i < cut.issued; ++i) {
        const bool open = next < pending.size() && pending[next] == i;
        Fate fate = open ? plan.fate(next++) : Fate::whole;
        apply(image.file, recording.ops[i], fate, random);
      }
      bounds(recording, cut.point, image);
      image.description = "cut before operation " + std::to_string(cut.point) + ", of " +
                          std::to_string(pending.size()) + " unflushed writes " + plan.describe();
      visit(image);
    }
    if (cut.point < recording.ops.size() && recording.ops[cut.point].kind == IoOp::Kind::flush) {
      for (size_t i = flushed; i < cut.point; ++i) {
        apply(flushed_file, recording.ops[i].offset, recording.ops[i].data);
      }
      flushed = cut.point;
    }
  }
}

}  // namespace ukstore::tests
