#pragma once
/// The operations on recordings of live streams in segments. Any thread.
#include "api/operations.h"
#include "record/segment_events.h"

namespace st::record {
class Segments;
}  // namespace st::record

namespace st::api {

class EventLog;

class RecordOperations {
 public:
    explicit RecordOperations(record::Segments& segments) : segments_(segments) {}

    void start(const std::string& path, const control::Call& call,
               const Operations::Done& done) const;
    void stop(const std::string& path, const control::Call& call,
              const Operations::Done& done) const;
    void list(const control::Call& call, const Operations::Done& done) const;
    void stop_all(const control::Call& call, const Operations::Done& done) const;

 private:
    record::Segments& segments_;
};

/// record.started, .segment, .stopped and .slow. The control loop's thread.
void add_record_event(const record::SegmentEvent& event, EventLog& events);

}  // namespace st::api
