#pragma once

#include <stddef.h>
#include <stdint.h>

/* Objects of the library, of which only the address is known. */
typedef void object;
typedef object *status;

/* ONNX Runtime's C interface is one function that gives a table of functions. The table only grows: a function keeps its
   place for ever (onnxruntime_c_api.h: "the order must not change"), and the library says which version it has. These
   are the places and types of the functions that are used here; ReleaseCustomOpDomain (101), ReleaseModelMetadata (118),
   ReleaseAvailableProviders (126), SynchronizeBoundOutputs (203) and VitisAI (276) end the tables of versions 1, 2, 4,
   10 and 17. */
#define FUNCTIONS(F)                                                                                                  \
  F(2, const char *, error_message, (const object *))                                                                 \
  F(3, status, create_env, (int, const char *, object **))                                                            \
  F(8, status, create_session, (const object *, const void *, size_t, const object *, object **))                     \
  F(9, status, run,                                                                                                   \
    (object *, const object *, const char *const *, const object *const *, size_t, const char *const *, size_t,       \
     object **))                                                                                                      \
  F(10, status, create_session_options, (object **))                                                                  \
  F(23, status, set_optimization_level, (object *, int))                                                              \
  F(24, status, set_threads, (object *, int))                                                                         \
  F(30, status, input_count, (const object *, size_t *))                                                              \
  F(31, status, output_count, (const object *, size_t *))                                                             \
  F(33, status, input_type_info, (const object *, size_t, object **))                                                 \
  F(34, status, output_type_info, (const object *, size_t, object **))                                                \
  F(36, status, input_name, (const object *, size_t, object *, char **))                                              \
  F(37, status, output_name, (const object *, size_t, object *, char **))                                             \
  F(49, status, create_tensor, (const object *, void *, size_t, const int64_t *, size_t, int, object **))             \
  F(51, status, tensor_data, (object *, void **))                                                                     \
  F(55, status, cast_type_info, (const object *, const object **))                                                    \
  F(60, status, element_type, (const object *, int *))                                                                \
  F(61, status, dimension_count, (const object *, size_t *))                                                          \
  F(62, status, dimensions, (const object *, int64_t *, size_t))                                                      \
  F(65, status, tensor_type_and_shape, (const object *, object **))                                                   \
  F(69, status, create_cpu_memory_info, (int, int, object **))                                                        \
  F(76, status, allocator_free, (object *, void *))                                                                   \
  F(78, status, default_allocator, (object **))                                                                       \
  F(93, void, release_status, (object *))                                                                             \
  F(95, void, release_session, (object *))                                                                            \
  F(96, void, release_value, (object *))                                                                              \
  F(98, void, release_type_info, (object *))                                                                          \
  F(99, void, release_tensor_info, (object *))                                                                        \
  F(100, void, release_session_options, (object *))                                                                   \
  F(111, status, model_metadata, (const object *, object **))                                                         \
  F(116, status, look_up_metadata, (const object *, object *, const char *, char **))                                 \
  F(118, void, release_metadata, (object *))                                                                          \
  F(125, status, available_providers, (char ***, int *))                                                              \
  F(170, status, append_tensorrt, (object *, const object *))                                                         \
  F(171, status, create_tensorrt_options, (object **))                                                                \
  F(174, void, release_tensorrt_options, (object *))                                                                  \
  F(204, status, append_cuda, (object *, const object *))                                                             \
  F(205, status, create_cuda_options, (object **))                                                                    \
  F(208, void, release_cuda_options, (object *))                                                                      \
  F(275, status, append_openvino, (object *, const char *const *, const char *const *, size_t))

struct api {
#define F(place, result, name, parameters) result(*name) parameters;
  FUNCTIONS(F)
#undef F
};
