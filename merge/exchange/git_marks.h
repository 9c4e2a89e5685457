#pragma once
// What the marks of a stream stand for.  Marks count up from 1 nearly always, so they index a
// vector; what is far above all before goes to a map.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace ukstore {

class GitMarks {
 public:
  enum class Of : uint8_t { content, commit, tag };

  // Mark 0 is none: it is not kept.  A mark that comes again means what it meant last.
  enum class Before { nothing, another };  // what the mark meant
  Before set(uint64_t mark, Of of, uint32_t number) {
    if (mark == 0) return Before::nothing;
    Slot& known = slot(mark);
    const Before before = known.number == 0 ? Before::nothing : Before::another;
    known = {number + 1, of};
    return before;
  }
  // The number of what it stands for, if that is of this sort.
  std::optional<uint32_t> find(uint64_t mark, Of of) const {
    const Slot* found = nullptr;
    if (mark < dense_.size() && dense_[mark].number != 0) {
      found = &dense_[mark];
    } else if (auto far = far_.find(mark); far != far_.end()) {
      found = &far->second;
    }
    if (!found || found->number == 0 || found->of != of) return std::nullopt;
    return found->number - 1;
  }

 private:
  struct Slot {
    uint32_t number = 0;  // + 1; 0: none
    Of of{};
  };
  static constexpr uint64_t kGapMax = 1 << 16;

  Slot& slot(uint64_t mark) {
    if (mark >= dense_.size()) {
      if (mark - dense_.size() > kGapMax) return far_[mark];
      dense_.resize(mark + 1);
    }
    // A mark may have been far when it came first.
    if (auto far = far_.find(mark); far != far_.end()) {
      dense_[mark] = far->second;
      far_.erase(far);
    }
    return dense_[mark];
  }

  std::vector<Slot> dense_;
  std::unordered_map<uint64_t, Slot> far_;
};

}  // namespace ukstore
