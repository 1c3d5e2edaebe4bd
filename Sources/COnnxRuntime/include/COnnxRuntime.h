/* ONNX Runtime behind a small interface without raw tables: the library is loaded when it is asked for, and never needed
   otherwise. Every handle is freed by its own function; errors are text in a buffer that the caller gives. */
#ifndef DFER_ONNX_RUNTIME_H
#define DFER_ONNX_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

typedef struct ort_library ort_library;
typedef struct ort_session ort_session;
typedef struct ort_result ort_result;

/* Oldest version of the interface that will do: that of ONNX Runtime 1.17. */
enum { ORT_LEAST_API = 17 };

/* Types of numbers, as the format numbers them. */
enum { ORT_FLOAT = 1 };

/* Loads a library and keeps it until the program ends. NULL with a reason in `error`. */
ort_library *ort_library_open(const char *path, char *error, size_t error_size);
const char *ort_library_version(const ort_library *library);
size_t ort_library_provider_count(const ort_library *library);
/* Name of an execution provider, as CPUExecutionProvider. */
const char *ort_library_provider(const ort_library *library, size_t index);

/* Opens a network from bytes in memory, for an execution provider (NULL: the CPU). */
ort_session *ort_session_open(ort_library *library, const void *bytes, size_t count, const char *provider, int threads,
                              char *error, size_t error_size);
void ort_session_close(ort_session *session);

size_t ort_session_input_count(const ort_session *session);
size_t ort_session_output_count(const ort_session *session);
const char *ort_session_input_name(const ort_session *session, size_t index);
const char *ort_session_output_name(const ort_session *session, size_t index);
/* Type of an input's numbers; 0 when it is no tensor. */
int ort_session_input_type(const ort_session *session, size_t index);
int ort_session_output_type(const ort_session *session, size_t index);
size_t ort_session_input_rank(const ort_session *session, size_t index);
size_t ort_session_output_rank(const ort_session *session, size_t index);
/* Size along an axis; below 0 where any size will do. */
int64_t ort_session_input_size(const ort_session *session, size_t index, size_t axis);
int64_t ort_session_output_size(const ort_session *session, size_t index, size_t axis);
/* Copies an entry of the file's metadata into `text`, cut to its size; returns its whole length, or -1 without one. */
long ort_session_metadata(const ort_session *session, const char *key, char *text, size_t size);

/* Runs a network of one input on floats; all outputs. NULL with a reason in `error`. From any thread. */
ort_result *ort_session_run(ort_session *session, const float *numbers, size_t count, const int64_t *shape, size_t rank,
                            char *error, size_t error_size);
/* Numbers of an output; 0 when it has other numbers than floats. */
size_t ort_result_count(const ort_result *result, size_t output);
size_t ort_result_rank(const ort_result *result, size_t output);
int64_t ort_result_size(const ort_result *result, size_t output, size_t axis);
/* Copies all numbers of an output. */
void ort_result_copy(const ort_result *result, size_t output, float *numbers);
void ort_result_free(ort_result *result);

#endif
