#include <ukstore/merge/exchange/json.h>

#include <ukstore/merge/types/map.h>

#include <nlohmann/json.hpp>

#include <set>

namespace ukstore {
namespace {

using Json = nlohmann::json;

constexpr int kDepthMax = 500;

// What ends the parser early.
struct Refused {
  Error error;
};
[[noreturn]] void refuse(Error::Kind kind, std::string message) {
  throw Refused{{kind, std::move(message)}};
}

// The bytes of a source, one at a time, as the parser takes them.
class Input {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Input() = default;
  explicit Input(ByteSource& source) : read_(std::make_shared<Read>(source)) { read_->fill(); }
  const char& operator*() const { return read_->buffer[read_->at]; }
  Input& operator++() {
    if (++read_->at == read_->size) read_->fill();
    return *this;
  }
  Input operator++(int) {
    Input before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Input& other) const { return ended() == other.ended(); }

 private:
  struct Read {
    explicit Read(ByteSource& from) : source(from), buffer(64 * 1024) {}
    void fill() {
      auto taken = source.read(buffer);
      if (!taken) throw Refused{taken.error()};
      size = *taken;
      at = 0;
    }
    ByteSource& source;
    std::vector<char> buffer;
    size_t at = 0;
    size_t size = 0;
  };
  bool ended() const { return !read_ || read_->size == 0; }
  std::shared_ptr<Read> read_;
};

// Takes values out of the text as they end, so that no more than one array is held.
class Reader {
 public:
  Reader(ValueImport& import, const Bytes& key_field) : import_(import), key_field_(key_field) {}

  // What the parser tells; false drops the value that has ended.
  bool event(int depth, Json::parse_event_t what, const Json& value) {
    using Event = Json::parse_event_t;
    if (depth > kDepthMax) {
      refuse(Error::Kind::limit, "nested deeper than " + std::to_string(kDepthMax));
    }
    switch (what) {
      case Event::array_start:
        if (depth == 0) refuse(Error::Kind::invalid, "the top is an array and no object");
        ++arrays_;
        return true;
      case Event::object_start:
        if (arrays_ == 0) open_object(depth);
        return true;
      case Event::key:
        if (arrays_ == 0) steps_.back() = {value.get_ref<const std::string&>(), true};
        return true;
      case Event::value:
        if (depth == 0) refuse(Error::Kind::invalid, "the top is a value and no object");
        return arrays_ > 0 || take(value);
      case Event::array_end:
        return --arrays_ > 0 || take(value);
      case Event::object_end:
        if (arrays_ > 0) return true;
        close_object();
        return false;
    }
    return true;
  }

 private:
  struct Step {
    Bytes key;
    bool has_members = false;
  };

  void open_object(int) { steps_.push_back({}); }
  void close_object() {
    bool is_empty = !steps_.back().has_members;
    steps_.pop_back();
    if (is_empty && !steps_.empty()) set(path(), "{}");
  }
  bool take(const Json& value) {
    add(path(), value);
    return false;
  }

  Bytes path() const {
    Bytes path;
    for (const Step& step : steps_) path += (path.empty() ? "" : "/") + step_of_key(step.key);
    return path;
  }
  void set(Bytes path, BytesView text) {
    auto ok = import_.add(std::move(path), text);
    if (!ok) throw Refused{ok.error()};
  }

  // A value that is whole: an array of keyed objects, or objects within it, become directories.
  void add(const Bytes& path, const Json& value) {
    if (value.is_array() && is_keyed(value)) {
      for (const Json& element : value) {
        const Json& key = element.at(key_field_);
        add(path + "/" + step_of_key(key.is_string() ? key.get<std::string>() : key.dump()),
            element);
      }
    } else if (value.is_object() && !value.empty()) {
      for (const auto& [key, member] : value.items()) add(path + "/" + step_of_key(key), member);
    } else {
      set(path, value.dump());
    }
  }
  bool is_keyed(const Json& array) const {
    if (key_field_.empty() || array.empty()) return false;
    std::set<std::string> keys;
    for (const Json& element : array) {
      if (!element.is_object() || !element.contains(key_field_)) return false;
      const Json& key = element.at(key_field_);
      if (!key.is_string() && !key.is_number_integer()) return false;
      if (!keys.insert(key.is_string() ? key.get<std::string>() : key.dump()).second) return false;
    }
    return true;
  }

  ValueImport& import_;
  const Bytes& key_field_;
  std::vector<Step> steps_;  // of the objects that are open
  int arrays_ = 0;           // that are open
};

}  // namespace

Result<ValueImportReport> import_json(Store& store, BytesView branch, ByteSource& source,
                                      const JsonImportOptions& options) {
  ValueImport import(store, options.key_field.empty() ? "json" : "json by " + options.key_field);
  SeenSource seen(source, import, options.progress);
  Reader reader(import, options.key_field);
  try {
    auto tell = [&](int depth, Json::parse_event_t what, const Json& value) {
      return reader.event(depth, what, value);
    };
    auto rest = Json::parse(Input(seen), Input(), tell);
  } catch (const Refused& refused) {
    return std::unexpected(refused.error);
  } catch (const nlohmann::json::exception& broken) {
    return fail(Error::Kind::invalid, std::string("the text is no JSON: ") + broken.what());
  }
  return import.commit(branch, options.info);
}

}  // namespace ukstore
