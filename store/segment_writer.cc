#include <ukstore/store/segment_writer.h>

#include <cassert>

namespace ukstore {

Result<void> SegmentWriter::add(StagedObject& object) {
  const ObjectView view = object.view();
  const size_t bytes = record_bytes(view.bytes.size(), view.side_count);
  if (kSegmentHeaderBytes + bytes > Address::kSegmentBytesMax) {
    return fail(Error::Kind::limit, "an object of " + std::to_string(view.bytes.size()) +
                                        " bytes does not fit in a segment");
  }
  if (segment_ != 0 && size_ + bytes > Address::kSegmentBytesMax) {
    if (auto ok = finish(); !ok) return ok;
  }
  if (segment_ == 0) {
    auto last = write_.last_segment();
    if (!last) return pass_on(last);
    segment_ = *last + 1;
    size_ = offset_ = kSegmentHeaderBytes;
  }
  pending_.push_back({&object, sides_.size()});
  for (uint64_t side : object.side()) {
    Address address = Address::from_value(side);
    if (address.is_staged()) address = address.staged()->written();
    if (address && address.segment() == segment_) {
      address = Address::in_segment(0, address.offset_bytes());
    }
    sides_.push_back(address.value());
  }
  object.arena().mark_written(object, Address::in_segment(segment_, static_cast<uint32_t>(offset_)),
                              Drop::no);
  offset_ += bytes - sizeof(uint32_t);
  size_ += bytes;
  bytes_ += bytes;
  ++objects_;
  return {};
}

Result<void> SegmentWriter::add_reachable(Address root) {
  struct Place {
    StagedObject* object;
    size_t next_child;
  };
  std::vector<Place> path;
  auto enter = [&](Address address) {
    if (address.is_staged() && !address.staged()->written()) path.push_back({address.staged(), 0});
  };
  enter(root);
  while (!path.empty()) {
    StagedObject& object = *path.back().object;
    if (path.back().next_child < object.side().size()) {
      enter(Address::from_value(object.side()[path.back().next_child++]));
      continue;
    }
    if (auto ok = add(object); !ok) return ok;
    path.pop_back();
  }
  return {};
}

Result<void> SegmentWriter::finish() {
  if (pending_.empty()) return {};
  std::vector<SegmentRecord> records;
  records.reserve(pending_.size());
  for (const Pending& pending : pending_) {
    const ObjectView view = pending.object->view();
    records.push_back({view.kind, pending.object->hash(), view.bytes,
                       std::span(sides_).subspan(pending.side_begin, view.side_count)});
  }
  auto room = write_.append_segment(size_);
  if (!room) return pass_on(room);
  assert(room->segment == segment_);
  encode_segment(records, room->bytes);
  if (drop_ == Drop::yes) {
    for (const Pending& pending : pending_) {
      StagedObject& object = *pending.object;
      object.arena().mark_written(object, object.written(), Drop::yes);
    }
  }
  bytes_ += kSegmentHeaderBytes;
  pending_.clear();
  sides_.clear();
  segment_ = 0;
  return {};
}

}  // namespace ukstore
