#include "COnnxRuntime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ONNX Runtime's C interface is one function that gives a table of functions. The table only grows: a function keeps its
   place for ever (onnxruntime_c_api.h: "the order must not change"), and the library says which version it has. These
   are the places of the functions that are used here; ReleaseCustomOpDomain (101), ReleaseModelMetadata (118),
   ReleaseAvailableProviders (126), SynchronizeBoundOutputs (203) and VitisAI (276) end the tables of versions 1, 2, 4, 10
   and 17. */
enum {
  GET_ERROR_MESSAGE = 2, CREATE_ENV = 3, CREATE_SESSION_FROM_ARRAY = 8, RUN = 9, CREATE_SESSION_OPTIONS = 10,
  SET_OPTIMIZATION_LEVEL = 23, SET_INTRA_OP_THREADS = 24, INPUT_COUNT = 30, OUTPUT_COUNT = 31, INPUT_TYPE_INFO = 33,
  OUTPUT_TYPE_INFO = 34, INPUT_NAME = 36, OUTPUT_NAME = 37, CREATE_TENSOR_WITH_DATA = 49, TENSOR_DATA = 51,
  CAST_TYPE_INFO = 55, ELEMENT_TYPE = 60, DIMENSION_COUNT = 61, DIMENSIONS = 62,
  TENSOR_TYPE_AND_SHAPE = 65, CREATE_CPU_MEMORY_INFO = 69, ALLOCATOR_FREE = 76, DEFAULT_ALLOCATOR = 78,
  RELEASE_STATUS = 93, RELEASE_MEMORY_INFO = 94, RELEASE_SESSION = 95, RELEASE_VALUE = 96, RELEASE_TYPE_INFO = 98,
  RELEASE_TENSOR_INFO = 99, RELEASE_SESSION_OPTIONS = 100, MODEL_METADATA = 111, METADATA_LOOKUP = 116,
  RELEASE_METADATA = 118, AVAILABLE_PROVIDERS = 125, RELEASE_PROVIDERS = 126, APPEND_TENSORRT = 170,
  CREATE_TENSORRT_OPTIONS = 171, RELEASE_TENSORRT_OPTIONS = 174, APPEND_CUDA = 204, CREATE_CUDA_OPTIONS = 205,
  RELEASE_CUDA_OPTIONS = 208, APPEND_OPENVINO = 275
};

enum { LOG_FATAL = 4, OPTIMIZE_ALL = 99, DEVICE_ALLOCATOR = 0, MEMORY_DEFAULT = 0 };

/* Objects of the library, of which only the address is known. */
typedef void object;
typedef object *status;

struct ort_library {
  void *const *table;
  const char *version;
  object *environment, *memory, *allocator;
  char **providers;
  int provider_count;
};

struct tensor_info {
  char *name;
  int type;
  size_t rank;
  int64_t *sizes;
};

struct ort_session {
  struct ort_library *library;
  object *session;
  size_t input_count, output_count;
  struct tensor_info *inputs, *outputs;
};

struct ort_result {
  struct ort_library *library;
  size_t count;
  object **values;
  struct tensor_info *infos;
};

/* The function at a place of the table, as a function of that type. */
#define CALL(library, place, type) ((type)(library)->table[place])

static void say(char *error, size_t size, const char *text) {
  if (size > 0) snprintf(error, size, "%s", text);
}

/* Whether `s` says that something failed; then its words are in `error`, and it is freed. */
static int failed(const ort_library *library, status s, char *error, size_t size) {
  if (s == NULL) return 0;
  say(error, size, CALL(library, GET_ERROR_MESSAGE, const char *(*)(const object *))(s));
  CALL(library, RELEASE_STATUS, void (*)(object *))(s);
  return 1;
}

ort_library *ort_library_open(const char *path, char *error, size_t size) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    say(error, size, dlerror());
    return NULL;
  }
  typedef struct {
    void *const *(*get_api)(uint32_t version);
    const char *(*version)(void);
  } api_base;
  const api_base *(*base)(void) = (const api_base *(*)(void))dlsym(handle, "OrtGetApiBase");
  if (base == NULL) {
    say(error, size, "not ONNX Runtime: it has no OrtGetApiBase");
    return NULL;
  }
  ort_library *library = calloc(1, sizeof *library);
  if (library == NULL) return NULL;
  library->version = base()->version();
  /* The table of a version that will do. Newer libraries know all older tables. */
  library->table = base()->get_api(ORT_LEAST_API);
  if (library->table == NULL) {
    if (size > 0) snprintf(error, size, "ONNX Runtime %s is too old: 1.%d is needed", library->version, ORT_LEAST_API);
    free(library);
    return NULL;
  }
  if (failed(library, CALL(library, CREATE_ENV, status(*)(int, const char *, object **))(LOG_FATAL, "dfer", &library->environment),
             error, size)
      || failed(library,
                CALL(library, CREATE_CPU_MEMORY_INFO, status(*)(int, int, object **))(DEVICE_ALLOCATOR, MEMORY_DEFAULT, &library->memory),
                error, size)
      || failed(library, CALL(library, DEFAULT_ALLOCATOR, status(*)(object **))(&library->allocator), error, size)
      || failed(library,
                CALL(library, AVAILABLE_PROVIDERS, status(*)(char ***, int *))(&library->providers, &library->provider_count),
                error, size)) {
    free(library);
    return NULL;
  }
  return library;
}

const char *ort_library_version(const ort_library *library) { return library->version; }
size_t ort_library_provider_count(const ort_library *library) { return (size_t)library->provider_count; }
const char *ort_library_provider(const ort_library *library, size_t index) { return library->providers[index]; }

/* What a tensor's description says. Frees nothing: `info` belongs to the caller. */
static int describe(const ort_library *library, const object *info, struct tensor_info *tensor, char *error, size_t size) {
  int type = 0;
  if (failed(library, CALL(library, ELEMENT_TYPE, status(*)(const object *, int *))(info, &type), error, size)
      || failed(library, CALL(library, DIMENSION_COUNT, status(*)(const object *, size_t *))(info, &tensor->rank), error, size))
    return 0;
  tensor->type = type;
  tensor->sizes = calloc(tensor->rank + 1, sizeof(int64_t));
  if (tensor->sizes == NULL) return 0;
  return !failed(library, CALL(library, DIMENSIONS, status(*)(const object *, int64_t *, size_t))(info, tensor->sizes, tensor->rank),
                 error, size);
}

/* Names, types and sizes of all inputs or outputs. */
static int describe_all(ort_session *s, size_t count, int name_place, int type_place, struct tensor_info **result, char *error,
                        size_t size) {
  ort_library *library = s->library;
  struct tensor_info *infos = calloc(count + 1, sizeof *infos);
  *result = infos;
  if (infos == NULL) return 0;
  for (size_t i = 0; i < count; i++) {
    char *name = NULL;
    object *type = NULL;
    const object *tensor = NULL;
    if (failed(library, CALL(library, name_place, status(*)(const object *, size_t, object *, char **))(s->session, i, library->allocator, &name),
               error, size))
      return 0;
    infos[i].name = strdup(name);
    status freed = CALL(library, ALLOCATOR_FREE, status(*)(object *, void *))(library->allocator, name);
    if (failed(library, freed, error, size) || infos[i].name == NULL) return 0;
    if (failed(library, CALL(library, type_place, status(*)(const object *, size_t, object **))(s->session, i, &type), error, size)) return 0;
    int ok = !failed(library, CALL(library, CAST_TYPE_INFO, status(*)(const object *, const object **))(type, &tensor), error, size)
             && (tensor == NULL || describe(library, tensor, &infos[i], error, size));
    CALL(library, RELEASE_TYPE_INFO, void (*)(object *))(type);
    if (!ok) return 0;
  }
  return 1;
}

static void free_infos(struct tensor_info *infos, size_t count) {
  for (size_t i = 0; infos != NULL && i < count; i++) {
    free(infos[i].name);
    free(infos[i].sizes);
  }
  free(infos);
}

/* Tells the options to use a provider; 1 when they do. */
static int append_provider(ort_library *library, object *options, const char *provider, char *error, size_t size) {
  if (provider == NULL || strcmp(provider, "CPUExecutionProvider") == 0) return 1;
  if (strcmp(provider, "OpenVINOExecutionProvider") == 0)
    return !failed(library,
                   CALL(library, APPEND_OPENVINO, status(*)(object *, const char *const *, const char *const *, size_t))(options, NULL, NULL, 0),
                   error, size);
  int create, append, release;
  if (strcmp(provider, "CUDAExecutionProvider") == 0) {
    create = CREATE_CUDA_OPTIONS, append = APPEND_CUDA, release = RELEASE_CUDA_OPTIONS;
  } else if (strcmp(provider, "TensorrtExecutionProvider") == 0) {
    create = CREATE_TENSORRT_OPTIONS, append = APPEND_TENSORRT, release = RELEASE_TENSORRT_OPTIONS;
  } else {
    say(error, size, "an execution provider that is not known here");
    return 0;
  }
  object *settings = NULL;
  if (failed(library, CALL(library, create, status(*)(object **))(&settings), error, size)) return 0;
  int ok = !failed(library, CALL(library, append, status(*)(object *, const object *))(options, settings), error, size);
  CALL(library, release, void (*)(object *))(settings);
  return ok;
}

ort_session *ort_session_open(ort_library *library, const void *bytes, size_t count, const char *provider, int threads, char *error,
                              size_t size) {
  object *options = NULL;
  if (failed(library, CALL(library, CREATE_SESSION_OPTIONS, status(*)(object **))(&options), error, size)) return NULL;
  ort_session *s = calloc(1, sizeof *s);
  int ok = s != NULL;
  if (ok) {
    s->library = library;
    ok = !failed(library, CALL(library, SET_INTRA_OP_THREADS, status(*)(object *, int))(options, threads), error, size)
         && !failed(library, CALL(library, SET_OPTIMIZATION_LEVEL, status(*)(object *, int))(options, OPTIMIZE_ALL), error, size)
         && append_provider(library, options, provider, error, size)
         && !failed(library,
                    CALL(library, CREATE_SESSION_FROM_ARRAY, status(*)(const object *, const void *, size_t, const object *, object **))(
                        library->environment, bytes, count, options, &s->session),
                    error, size)
         && !failed(library, CALL(library, INPUT_COUNT, status(*)(const object *, size_t *))(s->session, &s->input_count), error, size)
         && !failed(library, CALL(library, OUTPUT_COUNT, status(*)(const object *, size_t *))(s->session, &s->output_count), error, size)
         && describe_all(s, s->input_count, INPUT_NAME, INPUT_TYPE_INFO, &s->inputs, error, size)
         && describe_all(s, s->output_count, OUTPUT_NAME, OUTPUT_TYPE_INFO, &s->outputs, error, size);
  }
  CALL(library, RELEASE_SESSION_OPTIONS, void (*)(object *))(options);
  if (!ok) {
    ort_session_close(s);
    return NULL;
  }
  return s;
}

void ort_session_close(ort_session *s) {
  if (s == NULL) return;
  if (s->session != NULL) CALL(s->library, RELEASE_SESSION, void (*)(object *))(s->session);
  free_infos(s->inputs, s->input_count);
  free_infos(s->outputs, s->output_count);
  free(s);
}

size_t ort_session_input_count(const ort_session *s) { return s->input_count; }
size_t ort_session_output_count(const ort_session *s) { return s->output_count; }
const char *ort_session_input_name(const ort_session *s, size_t i) { return s->inputs[i].name; }
const char *ort_session_output_name(const ort_session *s, size_t i) { return s->outputs[i].name; }
int ort_session_input_type(const ort_session *s, size_t i) { return s->inputs[i].type; }
int ort_session_output_type(const ort_session *s, size_t i) { return s->outputs[i].type; }
size_t ort_session_input_rank(const ort_session *s, size_t i) { return s->inputs[i].rank; }
size_t ort_session_output_rank(const ort_session *s, size_t i) { return s->outputs[i].rank; }
int64_t ort_session_input_size(const ort_session *s, size_t i, size_t axis) { return s->inputs[i].sizes[axis]; }
int64_t ort_session_output_size(const ort_session *s, size_t i, size_t axis) { return s->outputs[i].sizes[axis]; }

long ort_session_metadata(const ort_session *s, const char *key, char *text, size_t size) {
  ort_library *library = s->library;
  object *metadata = NULL;
  char *value = NULL, none[1];
  if (failed(library, CALL(library, MODEL_METADATA, status(*)(const object *, object **))(s->session, &metadata), none, 0)) return -1;
  int bad = failed(
      library,
      CALL(library, METADATA_LOOKUP, status(*)(const object *, object *, const char *, char **))(metadata, library->allocator, key, &value),
      none, 0);
  CALL(library, RELEASE_METADATA, void (*)(object *))(metadata);
  if (bad || value == NULL) return -1;
  long length = (long)strlen(value);
  say(text, size, value);
  failed(library, CALL(library, ALLOCATOR_FREE, status(*)(object *, void *))(library->allocator, value), none, 0);
  return length;
}

ort_result *ort_session_run(ort_session *s, const float *numbers, size_t count, const int64_t *shape, size_t rank, char *error,
                            size_t size) {
  ort_library *library = s->library;
  object *input = NULL;
  /* The library takes the numbers without const, and only reads them. */
  if (failed(library,
             CALL(library, CREATE_TENSOR_WITH_DATA,
                  status(*)(const object *, void *, size_t, const int64_t *, size_t, int, object **))(
                 library->memory, (void *)(uintptr_t)numbers, count * sizeof(float), shape, rank, ORT_FLOAT, &input),
             error, size))
    return NULL;
  ort_result *result = calloc(1, sizeof *result);
  const char **names = calloc(s->output_count + 1, sizeof *names);
  int ok = result != NULL && names != NULL;
  if (ok) {
    result->library = library;
    result->count = s->output_count;
    result->values = calloc(s->output_count + 1, sizeof *result->values);
    result->infos = calloc(s->output_count + 1, sizeof *result->infos);
    ok = result->values != NULL && result->infos != NULL;
  }
  if (ok) {
    for (size_t i = 0; i < s->output_count; i++) names[i] = s->outputs[i].name;
    const char *input_name = s->inputs[0].name;
    const object *given = input;
    ok = !failed(library,
                 CALL(library, RUN,
                      status(*)(object *, const object *, const char *const *, const object *const *, size_t, const char *const *,
                                size_t, object **))(s->session, NULL, &input_name, &given, 1, names, s->output_count,
                                                    result->values),
                 error, size);
  }
  for (size_t i = 0; ok && i < s->output_count; i++) {
    if (s->outputs[i].type == 0) continue;
    object *info = NULL;
    ok = !failed(library, CALL(library, TENSOR_TYPE_AND_SHAPE, status(*)(const object *, object **))(result->values[i], &info), error, size);
    if (!ok) break;
    ok = describe(library, info, &result->infos[i], error, size);
    CALL(library, RELEASE_TENSOR_INFO, void (*)(object *))(info);
  }
  free(names);
  CALL(library, RELEASE_VALUE, void (*)(object *))(input);
  if (ok) return result;
  ort_result_free(result);
  return NULL;
}

size_t ort_result_count(const ort_result *result, size_t output) {
  const struct tensor_info *info = &result->infos[output];
  if (info->type != ORT_FLOAT) return 0;
  size_t count = 1;
  for (size_t axis = 0; axis < info->rank; axis++) count *= (size_t)info->sizes[axis];
  return count;
}

size_t ort_result_rank(const ort_result *result, size_t output) { return result->infos[output].rank; }
int64_t ort_result_size(const ort_result *result, size_t output, size_t axis) { return result->infos[output].sizes[axis]; }

void ort_result_copy(const ort_result *result, size_t output, float *numbers) {
  void *data = NULL;
  char none[1];
  size_t count = ort_result_count(result, output);
  if (count == 0) return;
  if (!failed(result->library, CALL(result->library, TENSOR_DATA, status(*)(object *, void **))(result->values[output], &data), none, 0))
    memcpy(numbers, data, count * sizeof(float));
}

void ort_result_free(ort_result *result) {
  if (result == NULL) return;
  for (size_t i = 0; result->values != NULL && i < result->count; i++)
    if (result->values[i] != NULL) CALL(result->library, RELEASE_VALUE, void (*)(object *))(result->values[i]);
  free_infos(result->infos, result->infos == NULL ? 0 : result->count);
  free(result->values);
  free(result);
}
