#include <ukstore/store/check_index.h>

#include <ukstore/store/index_run.h>
#include <ukstore/store/segment_cache.h>

namespace ukstore {
namespace {

using OnWrong = std::function<Flow(Bytes name, Bytes what)>;

class IndexChecker {
 public:
  IndexChecker(const Backend& backend, const Snapshot& snapshot, const OnWrong& wrong)
      : snapshot_(snapshot), wrong_(wrong), segments_(backend) {}

  void run() {
    auto manifest = IndexManifest::load(snapshot_);
    if (!manifest) {
      tell("index", manifest.error().message);
      return;
    }
    mark_ = manifest->mark;
    for (const IndexRun& run : manifest->runs) {
      // What is being erased is searched no more.
      if (run.state != IndexRun::State::erasing && !stopped_) check_run(run);
    }
  }

 private:
  void tell(Bytes name, Bytes what) {
    stopped_ = stopped_ || wrong_(std::move(name), std::move(what)) == Flow::stop;
  }

  void check_run(const IndexRun& run) {
    uint64_t entries = 0;
    std::optional<Hash> last;
    for (uint32_t number = 0; number < run.pieces && !stopped_; ++number) {
      auto piece = index_piece(snapshot_, run.number, number);
      if (!piece) return tell("index", piece.error().message);
      if (!piece->intact()) return tell("index", "a piece of the index is damaged");
      const bool full = piece->count() == IndexPiece::kEntriesMax;
      if (!full && number + 1 < run.pieces && run.state != IndexRun::State::output) {
        return tell("index", "a piece within a run of the index is not full");
      }
      for (uint32_t i = 0; i < piece->count() && !stopped_; ++i) {
        const Hash hash = piece->hash(i);
        if (last && !(*last < hash)) return tell("index", "a run of the index is out of order");
        last = hash;
        check_entry(hash, piece->address(i));
      }
      entries += piece->count();
    }
    if (!stopped_ && entries != run.entries) {
      tell("index", "a run of the index has not as many entries as it says");
    }
  }

  void check_entry(const Hash& hash, Address address) {
    if (address.is_staged() || address.segment() == 0 || address.segment() > mark_) {
      return tell(to_hex(hash), "the index leads from this name to no segment");
    }
    auto segment = segments_.open(address.segment());
    // Damaged segments are reported as that.  What was erased is harmless to find.
    if (!segment || !*segment) return;
    const auto there = (*segment)->hash_at(address.offset_bytes());
    if (!there || *there != hash) {
      tell(to_hex(hash), "the index leads from this name to something else");
    }
  }

  const Snapshot& snapshot_;
  const OnWrong& wrong_;
  const SegmentCache segments_;
  uint64_t mark_ = 0;
  bool stopped_ = false;
};

}  // namespace

void check_index(const Backend& backend, const Snapshot& snapshot, const OnWrong& wrong) {
  IndexChecker(backend, snapshot, wrong).run();
}

}  // namespace ukstore
