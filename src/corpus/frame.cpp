#include "corpus/frame.hpp"

#include <cstring>

namespace dream::corpus::frame {
namespace {

constexpr std::uint64_t most_pages = 1'000'000;
constexpr std::size_t longest_detail = 1000;

/// Takes values off a payload and says no, instead of throwing, when they are not there.
class Cautious {
 public:
  explicit Cautious(std::string_view rest) : rest_(rest) {}

  bool take(std::uint64_t& value) {
    if (rest_.size() < sizeof value) return false;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return true;
  }
  bool take(std::string& text) {
    std::uint64_t size = 0;
    if (!take(size) || size > rest_.size()) return false;
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return true;
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

Bytes wrap_packed(Packer& payload) {
  const auto bytes = payload.take();
  return wrap({bytes.data(), bytes.size()});
}

}  // namespace

Bytes wrap(std::string_view payload) {
  Bytes frame(header_size + payload.size());
  const std::uint64_t size = payload.size();
  std::memcpy(frame.data(), &size, sizeof size);
  std::memcpy(frame.data() + header_size, payload.data(), payload.size());
  return frame;
}

Bytes encode(const Job& job) {
  Packer payload;
  payload.put(job.format).put(job.bytes);
  return wrap_packed(payload);
}

Bytes encode(const ReadResult& result) {
  Packer payload;
  payload.put(result.reason).put(std::string_view(result.detail).substr(0, longest_detail)).put(result.pages);
  return wrap_packed(payload);
}

std::uint64_t payload_size(std::string_view header) {
  DREAM_CHECK(header.size() == header_size, "a frame's header has 8 bytes");
  std::uint64_t size = 0;
  std::memcpy(&size, header.data(), sizeof size);
  return size;
}

Job decode_job(std::string_view payload) {
  Unpacker reader(payload);
  Job job;
  job.format = reader.get<std::string>();
  job.bytes = reader.get<std::string>();
  return job;
}

std::optional<ReadResult> decode_result(std::string_view payload) {
  Cautious reader(payload);
  ReadResult result;
  std::uint64_t pages = 0;
  if (!reader.take(result.reason) || !reader.take(result.detail) || !reader.take(pages)) return std::nullopt;
  if (result.detail.size() > longest_detail || pages > most_pages) return std::nullopt;
  if (!result.reason.empty() && !is_reason(result.reason)) return std::nullopt;
  // Pages are appended as they are found, so a lie in `pages` allocates nothing.
  for (std::uint64_t i = 0; i < pages; ++i) {
    std::string page;
    if (!reader.take(page)) return std::nullopt;
    result.pages.push_back(std::move(page));
  }
  if (!reader.done() || result.pages.empty() != !result.reason.empty()) return std::nullopt;
  // Our details are plain ASCII; whatever else stands there must not reach a log or a table.
  for (auto& c : result.detail) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
  }
  result.final = is_final(result.reason);
  return result;
}

}  // namespace dream::corpus::frame
