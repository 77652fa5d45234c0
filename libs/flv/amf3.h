#pragma once
/// AMF3, reading only: clients that asked for objectEncoding 3 may send it inside AMF0. Pure.
/// Spec: AMF3 (Adobe, 2013), section 3. Tables of references begin empty at each value.
#include "base/bytes.h"
#include "base/result.h"
#include "flv/amf.h"

namespace st::flv {

/// One value and how many bytes it took. Repeated strings and traits by reference are resolved,
/// repeated objects refused; dictionaries, vectors and externalizable objects too.
struct Amf3Value {
    AmfValue value;
    std::size_t bytes = 0;
};

/// Takes what it uses off `limits`; depth_max is what is left of it.
Result<Amf3Value> decode_amf3(Bytes bytes, AmfLimits& limits);

}  // namespace st::flv
