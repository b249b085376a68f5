//! Decoders of telemetry formats: bytes in, sinks out, no sockets.
#![forbid(unsafe_code)]
