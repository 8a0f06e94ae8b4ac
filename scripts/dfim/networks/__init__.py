"""Networks: built, saved, loaded, taken from elsewhere, and described as graphs; Keras on TensorFlow.

This comes before TensorFlow and Keras, whose environment it sets.
"""

import os

# Read by Keras and TensorFlow when they are imported: a user's own Keras settings must not change the
# backend, and TensorFlow announces missing CUDA drivers as an error on every machine without a GPU.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
