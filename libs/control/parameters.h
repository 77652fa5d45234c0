#pragma once
/// What a camera is asked to deliver, in requests. Private to libs/control.
#include "control/fields.h"
#include "control/start.h"

namespace st::control {

void parameter_fields(ObjectReader& reader, StartParameters& out);
void parameter_fields(json::Object& object, const StartParameters& parameters);

}  // namespace st::control
