#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "device/backend.hpp"

namespace dream::bench {

/// Opens the first GPU of a backend. Throws Error with what speaks against it.
[[nodiscard]] std::shared_ptr<device::Accelerator> open(const std::string& backend);

/// Values in -scale .. scale.
[[nodiscard]] std::vector<float> numbers(std::int64_t count, unsigned seed, float scale = 1);

/// Seconds of `work` on the accelerator, from an empty queue to an empty queue: one run to warm up, then the
/// median of `runs`.
[[nodiscard]] double seconds_of(device::Accelerator& accelerator, int runs,
                                const std::function<void()>& work);

/// Every kernel and the products against the reference, at awkward sizes. Prints a line each; returns whether
/// all were within their tolerance.
[[nodiscard]] bool check_kernels(const std::shared_ptr<device::Accelerator>& accelerator);

/// An ExactSearch against every row scored by the reference: ids and scores equal.
[[nodiscard]] bool check_search(const std::shared_ptr<device::Accelerator>& accelerator);

/// A model's vectors of made-up texts against those of the encoder on the CPU, in all precisions.
[[nodiscard]] bool check_parity(const std::shared_ptr<device::Accelerator>& accelerator,
                                const std::string& model, std::int64_t batch_tokens);

/// Prints rates of a model: of token ids of that length, in model FLOP/s and tokens/s, and of texts.
void measure_model(const std::shared_ptr<device::Accelerator>& accelerator, const std::string& model,
                   const std::string& precision, std::int64_t length, std::int64_t batches, int threads,
                   std::int64_t batch_tokens);

/// Prints the time of an exact top-100 of 1,024 questions, and of its products alone.
void measure_search(const std::shared_ptr<device::Accelerator>& accelerator, std::int64_t rows,
                    std::int64_t columns);

}  // namespace dream::bench
