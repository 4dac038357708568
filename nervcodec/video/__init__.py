"""Reading and writing video files, image folders and pipes; the only package that imports PyAV."""
