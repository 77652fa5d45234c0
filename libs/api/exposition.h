#pragma once
/// Writes Prometheus text (exposition format 0.0.4) by the one table of what there is: what is not
/// in the table cannot be written, and docs/metrics.md comes from it. One thread.
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace st::api {

enum class MetricType : std::uint8_t { counter, gauge, histogram };

struct MetricFamily {
    std::string_view name;  ///< without "streamd_"
    MetricType type;
    std::string_view labels;  ///< their names, separated by blanks
    std::string_view help;    ///< a sentence
};

/// In the order in which they are written.
std::span<const MetricFamily> metric_families();

/// docs/metrics.md, whole.
std::string metrics_page();

class Exposition {
 public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    /// Begins a family of the table (assert). Without a sample behind it nothing is written of it.
    void family(std::string_view name);
    void sample(double value, Labels labels = {}) { line({}, labels, value); }
    void sample(std::uint64_t value, Labels labels = {}) { line({}, labels, value); }
    /// The lines of a histogram: "_bucket", "_sum", "_count".
    template <class Number>
    void part(std::string_view ending, Number value, Labels labels) {
        line(ending, labels, value);
    }
    template <class Number>
    void single(std::string_view name, Number value) {
        family(name);
        sample(value);
    }

    std::string take() { return std::move(text_); }

 private:
    void line(std::string_view ending, Labels labels, double value);
    void line(std::string_view ending, Labels labels, std::uint64_t value);
    void line(std::string_view ending, Labels labels, const std::string& value);

    const MetricFamily* family_ = nullptr;
    bool has_head_ = false;
    std::string text_;
};

/// Numbers as the format takes them: bytes to the byte.
std::string metric_number(double value);

}  // namespace st::api
