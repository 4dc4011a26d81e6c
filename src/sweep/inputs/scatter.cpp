#include "sweep/inputs/scatter.hpp"

namespace dream::sweep {

Bytes scatter(comm::Communicator& comm, std::vector<Packer>& messages) {
  Bytes out;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(comm.size()), 0);
  if (comm.rank() == 0) {
    for (std::size_t r = 0; r < counts.size(); ++r) {
      const auto message = messages[r].take();
      counts[r] = std::ssize(message);
      out.insert(out.end(), message.begin(), message.end());
    }
  }
  auto in = comm.all_to_all_v(std::span<const char>(out), std::span<const std::int64_t>(counts));
  return std::move(in.values);
}

}  // namespace dream::sweep
