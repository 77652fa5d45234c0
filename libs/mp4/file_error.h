#pragma once
/// Why an output cannot be written: thrown by SampleFile and what writes to it.
#include <stdexcept>
#include <string>

namespace st::mp4 {

class FileError : public std::runtime_error {
 public:
    enum class Kind {
        cannot_create,  ///< it exists, or may not be made there
        io,             ///< writing, reading back or syncing failed
    };

    FileError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
    Kind kind() const { return kind_; }

 private:
    Kind kind_;
};

}  // namespace st::mp4
