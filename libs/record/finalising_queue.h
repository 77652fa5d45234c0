#pragma once
/// Recordings that wait to be finished, and in which order: small before large, those of this run
/// before those of earlier ones, and within that one camera after the other, so that nobody waits
/// for all recordings of somebody else. One thread at a time. Private to libs/record.
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "record/writer.h"

namespace st::record {

class FinalisingQueue {
 public:
    void push(Unfinished job);
    /// `may_be_large`: else a large one stays where it is.
    std::optional<Unfinished> pop(bool may_be_large);
    /// All those of earlier runs.
    std::vector<Unfinished> take_recovered();

    std::size_t ended() const { return classes_[0].size + classes_[1].size; }  ///< of this run
    std::size_t recovered() const { return classes_[2].size + classes_[3].size; }

 private:
    struct Class {
        std::map<std::string, std::deque<Unfinished>> by_camera;
        std::string last;  ///< camera whose turn was last
        std::size_t size = 0;
    };
    static std::size_t class_of(const Unfinished& job) {
        return (job.session ? 0U : 2U) + (job.is_large ? 1U : 0U);
    }
    static Unfinished pop_from(Class& jobs);

    std::array<Class, 4> classes_;  ///< in the order of their turn
};

}  // namespace st::record
