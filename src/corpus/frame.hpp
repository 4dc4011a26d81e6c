#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "corpus/read_result.hpp"

/// What travels between a ReaderPool and dream_reader: frames of an 8-byte length (native order, both ends
/// are one machine) and a payload. The pool sends jobs; the reader sends `hello` once it is locked in, then
/// one reply a job.
namespace dream::corpus::frame {

/// What a reader says when it is ready, as a payload of its own. The digit changes with the layout of frames.
inline constexpr std::string_view hello = "dream_reader 1";
inline constexpr std::size_t header_size = 8;

struct Job {
  std::string format;
  std::string bytes;
};

/// Header and payload.
[[nodiscard]] Bytes wrap(std::string_view payload);
[[nodiscard]] Bytes encode(const Job& job);
[[nodiscard]] Bytes encode(const ReadResult& result);

/// The length that a header announces. `header`: header_size bytes.
[[nodiscard]] std::uint64_t payload_size(std::string_view header);

/// Job payloads come from the pool, which is trusted: throws InternalError on nonsense.
[[nodiscard]] Job decode_job(std::string_view payload);

/// Replies come from a process that a document may have taken over. Nothing is trusted: nullopt for anything
/// but a well-formed reply; never more memory than a small multiple of the payload. `final` follows from the
/// reason.
[[nodiscard]] std::optional<ReadResult> decode_result(std::string_view payload);

}  // namespace dream::corpus::frame
