#include "calls/place_run.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "base/errors.hpp"

namespace dream::calls {
namespace {

constexpr std::size_t page_places = 128;
constexpr std::size_t place_bytes = sizeof(RecordPlace);
// The file is read by the process that wrote it alone, so it holds the places as memory does.
static_assert(place_bytes == 32 && std::is_trivially_copyable_v<RecordPlace>);

/// The places of a run from first to last.
class Cursor {
 public:
  explicit Cursor(const PlaceRun& run) : run_(run) { load(); }

  [[nodiscard]] const RecordPlace* peek() const { return at_ < page_.size() ? &page_[at_] : nullptr; }
  RecordPlace take() {
    const auto place = page_[at_++];
    if (at_ == page_.size()) load();
    return place;
  }

 private:
  void load() {
    at_ = 0;
    page_ = next_ < run_.pages() ? run_.page(next_++) : std::vector<RecordPlace>{};
  }

  const PlaceRun& run_;
  std::size_t next_ = 0;
  std::size_t at_ = 0;
  std::vector<RecordPlace> page_;
};

}  // namespace

PlaceRun::PlaceRun(std::filesystem::path path, const std::function<std::optional<RecordPlace>()>& next)
    : path_(std::move(path)), file_(path_, O_RDWR | O_CREAT | O_EXCL, "create an index of calls") {
  std::string page;
  const auto write_page = [&] {
    file_.write(page);
    page.clear();
  };
  try {
    while (const auto place = next()) {
      if (page.empty()) first_keys_.push_back(place->key);
      page.append(reinterpret_cast<const char*>(&*place), place_bytes);
      ++size_;
      if (page.size() == page_places * place_bytes) write_page();
    }
    write_page();
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    throw;
  }
}

PlaceRun::~PlaceRun() {
  std::error_code ignored;  // seal() takes what is left behind
  if (!path_.empty()) std::filesystem::remove(path_, ignored);
}

PlaceRun::PlaceRun(PlaceRun&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      file_(std::move(other.file_)),
      size_(other.size_),
      first_keys_(std::move(other.first_keys_)) {}

PlaceRun& PlaceRun::operator=(PlaceRun&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  std::swap(size_, other.size_);
  std::swap(first_keys_, other.first_keys_);
  return *this;
}

std::vector<RecordPlace> PlaceRun::page(std::size_t number) const {
  const auto first = number * page_places;
  const auto bytes = file_.read_at(first * place_bytes, std::min(page_places, size_ - first) * place_bytes);
  if (bytes.size() != std::min(page_places, size_ - first) * place_bytes)
    throw StateError(path_.string(), "",
                     "the index of calls was cut; is another job using the state folder?");
  std::vector<RecordPlace> places(bytes.size() / place_bytes);
  std::memcpy(places.data(), bytes.data(), bytes.size());
  return places;
}

std::optional<RecordPlace> PlaceRun::find(const Digest& key) const {
  const auto after = std::ranges::upper_bound(first_keys_, key);
  if (after == first_keys_.begin()) return std::nullopt;
  const auto places = page(static_cast<std::size_t>(after - first_keys_.begin()) - 1);
  const auto place = std::ranges::lower_bound(places, key, {}, &RecordPlace::key);
  if (place == places.end() || place->key != key) return std::nullopt;
  return *place;
}

PlaceRun merge(std::filesystem::path path, const PlaceRun& newer, const PlaceRun& older) {
  Cursor a(newer);
  Cursor b(older);
  return {std::move(path), [&]() -> std::optional<RecordPlace> {
            if (a.peek() != nullptr && b.peek() != nullptr && a.peek()->key == b.peek()->key) (void)b.take();
            if (a.peek() == nullptr && b.peek() == nullptr) return std::nullopt;
            const bool from_a = b.peek() == nullptr || (a.peek() != nullptr && a.peek()->key < b.peek()->key);
            return from_a ? a.take() : b.take();
          }};
}

}  // namespace dream::calls
